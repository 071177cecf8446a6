#!/bin/sh
# Makes the secrets for docker-compose.yml, one file each, in deploy/secrets. Existing files stay as they are.
# Keep field_keys and index_key, apart from the database's backups: without them identity numbers can't be read.
set -eu
folder="${1:-$(dirname "$0")/secrets}"
umask 077
mkdir -p "$folder"

word() { # 32 characters with 192 random bits
    head -c 24 /dev/urandom | base64 | tr '+/' '-_'
}

key() { # 256 random bits
    head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d '='
}

hashed() { # the form of the broker's ACL file, which then holds no passwords
    printf '%s' "$1" | sha256sum | cut -d ' ' -f 1
}

put() { # put NAME TEXT: write the file unless it exists
    [ -e "$folder/$1" ] || printf '%s\n' "$2" > "$folder/$1"
}

put postgres_password "$(word)"
put database_url "postgresql+psycopg://paidan:$(cat "$folder/postgres_password")@postgres:5432/paidan"
put field_keys "k-$(key | cut -c 1-8):$(key)"
put index_key "$(key)"
put metrics_token "$(word)"
put flower_password "$(word)"
put grafana_password "$(word)"
put billing_event_key "whsec_$(head -c 32 /dev/urandom | base64)" # the billing system signs its events by it
put oidc_client_secret "$(word)" # with an identity provider, write its client secret here instead

# Whom alerts are sent to: a receiver's address or password is a secret.
[ -e "$folder/alertmanager_config" ] || cp "$(dirname "$0")/alertmanager.yml" "$folder/alertmanager_config"

# The broker's users, one per role, each with only the commands that it needs. `default` may only ping.
if [ ! -e "$folder/redis_acl" ]; then
    common="resetkeys resetchannels ~fault:* -@all +auth +hello +ping +select +client|setname +client|setinfo"
    sending="+multi +exec +llen +smembers +sadd +srem +lpush"
    # Redis lets a user subscribe to a pattern only if exactly that pattern is listed here.
    talking="&fault:* &fault:/0.celeryev/* &fault:/0.celery.pidbox +publish +subscribe +psubscribe +unsubscribe +punsubscribe +info +brpop +rpop +del +exists +get +set"
    talking="$talking +pexpire +pttl +zadd +zrem +zrange +zrangebyscore +zrevrangebyscore +eval +evalsha +script|load +script|exists +time +watch +unwatch"
    relay=$(word) worker=$(word) flower=$(word) doctor=$(word)
    {
        echo "user default on nopass resetkeys resetchannels -@all +ping"
        echo "user relay on #$(hashed "$relay") $common $sending"
        echo "user worker on #$(hashed "$worker") $common $sending $talking +rpush +hset +hget +hdel +hlen"
        echo "user flower on #$(hashed "$flower") $common $sending $talking"
        echo "user doctor on #$(hashed "$doctor") $common $sending $talking +config|get"
    } > "$folder/redis_acl"
    for role in relay worker flower doctor; do
        eval "password=\$$role"
        echo "redis://$role:$password@redis:6379/0" > "$folder/broker_url_$role"
    done
fi

# Each container reads the files as a different user, so the files are world-readable and the folder is closed.
chmod 0444 "$folder"/*
chmod 0700 "$folder"

# Once for both: the operator's files, unless another folder for the secrets was named.
[ "$#" -gt 0 ] || sh "$(dirname "$0")/config.sh"
