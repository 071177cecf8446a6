#!/bin/sh
# The service `backup` of docker-compose.yml: makes a backup at the start and then every night at 02:30, and keeps the
# newest PAIDAN_BACKUPS_KEPT. With `--once` it makes one and ends. The keys of identity numbers are not in a backup.
set -eu
folder="${1:-/var/backups/paidan}"
kept="${PAIDAN_BACKUPS_KEPT:-14}"
umask 077

once() {
    rm -f "$folder"/*.part # of a backup that was broken off
    file="$folder/paidan-$(date +%Y%m%d-%H%M%S).backup"
    python -m dispatch backup "$file.part"
    mv "$file.part" "$file"
    # The names are in the order of their times.
    ls "$folder" | grep '^paidan-.*\.backup$' | sort -r | tail -n "+$((kept + 1))" | while read -r old; do
        rm -f "$folder/$old"
    done
}

if [ "${2:-}" = --once ]; then
    once
    exit
fi
trap 'exit 0' TERM INT
while :; do
    if (once); then
        seconds=$(($(date -d 'tomorrow 02:30' +%s) - $(date +%s)))
    else
        seconds=600 # the command has said why
    fi
    sleep "$seconds" &
    wait $!
done
