#!/bin/sh
# New secrets for docker-compose.yml, each in a file of its own in deploy/secrets. What is there already stays.
# Keep field_keys and index_key apart from the backups of the database: without them identity numbers can't be read.
set -eu
folder="${1:-$(dirname "$0")/secrets}"
umask 077
mkdir -p "$folder"

word() { # 32 characters out of 192 bits
    head -c 24 /dev/urandom | base64 | tr '+/' '-_'
}

key() { # 256 bits
    head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d '='
}

hashed() { # as the broker's ACL file has it, so that it holds no password
    printf '%s' "$1" | sha256sum | cut -d ' ' -f 1
}

put() { # put NAME TEXT: unless it is there
    [ -e "$folder/$1" ] || printf '%s\n' "$2" > "$folder/$1"
}

put postgres_password "$(word)"
put database_url "postgresql+psycopg://paidan:$(cat "$folder/postgres_password")@postgres:5432/paidan"
put field_keys "k1:$(key)"
put index_key "$(key)"
put metrics_token "$(word)"
put flower_password "$(word)"
put grafana_password "$(word)"
put oidc_client_secret "$(word)" # with an identity provider: what it gave us instead

# The broker's users, by role: what each of them needs and nothing more. `default` may be asked whether it is alive.
if [ ! -e "$folder/redis_acl" ]; then
    common="resetkeys resetchannels ~fault:* -@all +auth +hello +ping +select +client|setname +client|setinfo"
    sending="+multi +exec +llen +smembers +sadd +srem +lpush"
    # (a pattern is subscribed to only if it stands here to the letter)
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

# Containers read them as users of their own, so the files are open and the folder is closed.
chmod 0444 "$folder"/*
chmod 0700 "$folder"

# Once for both: the operator's files, unless another folder for the secrets was named.
[ "$#" -gt 0 ] || sh "$(dirname "$0")/config.sh"
