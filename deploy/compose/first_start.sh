#!/bin/sh
# Lay out a network of one participant: first_start.sh DATA MODELS
# Makes what is missing (the broker's account, the chain's genesis, a small model) and keeps what is there.
set -eu
data=$1
models=$2

meshkeeper broker init --home "$data/broker"
if [ ! -f "$data/chain/genesis.json" ]; then
    meshkeeper chain init --home "$data/chain" --chain-id "${CHAIN_ID:-mesh-compose-1}" --profile "${PROFILE:-devnet}" \
        --account "$data/broker=1000000000000umesh" --member "$data/broker=1"
fi
if ! ls "$models"/*.gguf >/dev/null 2>&1; then
    meshkeeper mlnode models make "$models/made-small.gguf"
fi
# In a container this runs as root; the parts do not.
if [ "$(id -u)" = 0 ] && id mesh >/dev/null 2>&1; then
    mkdir -p "$data/node"
    chown -R mesh: "$data"
fi
