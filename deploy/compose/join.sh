#!/bin/sh
# Let the network know what is there: join.sh DATA MODELS CHAIN ADMIN_URL NODE_HOST
# Registers each model file as a governance model and tells the broker of the node; twice does no harm.
set -eu
data=$1
models=$2
chain=$3
admin=$4
node=$5

set --
for file in "$models"/*.gguf; do
    id=$(basename "$file")
    memory_mb=$(($(wc -c <"$file") / 1048576 + 256))
    meshkeeper chain tx models register --home "$data/chain" --node "$chain" --from authority --id "$id" \
        --v-ram "$memory_mb" --units-of-compute-per-token 100 --throughput-per-nonce 100 \
        --validation-threshold 0.85 --context-window 4096
    set -- "$@" --model "$id"
done
meshkeeper broker nodes add node-1 --home "$data/broker" --admin-url "$admin" --host "$node" "$@"
