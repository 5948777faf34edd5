#!/usr/bin/env bash
# One Apache Kafka broker on loopback, with everything it keeps in FOLDER.
#   broker.sh start FOLDER   makes it where there is none, starts it, waits until it answers; FOLDER/address says where
#   broker.sh stop FOLDER    an orderly end
#   broker.sh kill FOLDER    the end as a power cut makes it
# It listens in clear at FOLDER/address, and at FOLDER/secure-address with TLS (FOLDER/ca.pem) for the user `prosopa`, whose
# password is `correct horse`, by SCRAM-SHA-512. Its ports stay the same from one start to the next.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=scripts/common.sh
. "$here/../common.sh"

[ $# = 2 ] || die "usage: broker.sh start|stop|kill FOLDER"
action=$1
folder=$(mkdir -p "$2" && cd "$2" && pwd)

# The end of the broker: with its own signal, then for certain.
end() {
  local pid
  pid=$(cat "$folder/pid" 2>/dev/null) || return 0
  kill -s "$1" "$pid" 2>/dev/null || true
  for _ in $(seq 150); do
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  kill -s KILL "$pid" 2>/dev/null || true
  rm -f "$folder/pid"
}

# What every program of the broker is started with.
java=(java -Xms128m -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dorg.slf4j.simpleLogger.defaultLogLevel=warn
  -Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info)

make_certificates() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=test-authority \
    -keyout "$folder/ca-key.pem" -out "$folder/ca.pem" 2>/dev/null
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=127.0.0.1 \
    -keyout "$folder/key.pem" -out "$folder/request.pem" 2>/dev/null
  openssl x509 -req -in "$folder/request.pem" -CA "$folder/ca.pem" -CAkey "$folder/ca-key.pem" -CAcreateserial -days 30 \
    -extfile <(printf 'subjectAltName=IP:127.0.0.1,DNS:localhost') -out "$folder/certificate.pem" 2>/dev/null
  cat "$folder/key.pem" "$folder/certificate.pem" >"$folder/keystore.pem"
}

make_broker() {
  local clear controller secure
  read -r clear controller secure < <(free_ports 3)
  make_certificates
  cat >"$folder/server.properties" <<PROPERTIES
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$controller
listeners=CLEAR://127.0.0.1:$clear,SECURE://127.0.0.1:$secure,CONTROLLER://127.0.0.1:$controller
advertised.listeners=CLEAR://127.0.0.1:$clear,SECURE://127.0.0.1:$secure
controller.listener.names=CONTROLLER
inter.broker.listener.name=CLEAR
listener.security.protocol.map=CLEAR:PLAINTEXT,SECURE:SASL_SSL,CONTROLLER:PLAINTEXT
listener.name.secure.sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.secure.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.secure.ssl.keystore.type=PEM
listener.name.secure.ssl.keystore.location=$folder/keystore.pem
log.dirs=$folder/data
auto.create.topics.enable=false
# Tests have hundreds of small topics: no space is taken before it is written.
log.index.size.max.bytes=65536
num.partitions=3
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
PROPERTIES
  "${java[@]}" -cp "$libraries/*" kafka.tools.StorageTool format -t 4L6g3nShT-eMCtK--X86sw -c "$folder/server.properties" \
    --add-scram 'SCRAM-SHA-512=[name=prosopa,password=correct horse]' >"$folder/format.log" 2>&1 ||
    { cat "$folder/format.log" >&2; die "the broker's folder cannot be made"; }
  printf '127.0.0.1:%s\n' "$secure" >"$folder/secure-address"
  # Last: it says that all of it is there.
  printf '127.0.0.1:%s\n' "$clear" >"$folder/address"
}

start() {
  have java || die "Java is missing: \`scripts/setup.sh --tests\` installs it"
  libraries=$("$here/fetch.sh")
  [ -e "$folder/address" ] || make_broker
  : >"$folder/log"
  # Nothing of the caller's is held open: who reads its output is not to wait for the broker.
  (exec setsid "${java[@]}" -cp "$libraries/*" kafka.Kafka "$folder/server.properties" </dev/null >>"$folder/log" 2>&1) &
  printf '%s\n' $! >"$folder/pid"
  for _ in $(seq 900); do
    grep -q 'Kafka Server started' "$folder/log" && return 0
    kill -0 "$(cat "$folder/pid")" 2>/dev/null || break
    sleep 0.1
  done
  tail -n 30 "$folder/log" >&2
  end KILL
  die "Apache Kafka did not start"
}

case $action in
  start) start ;;
  stop) end TERM ;;
  kill) end KILL ;;
  *) die "unknown action $action" ;;
esac
