#!/bin/sh
# Tries the image and the composition with the Docker engine that DOCKER_HOST names, and cleans up behind itself.
#   sh deploy/check.sh [SERVICE...]     services besides hedgerow to bring up; all of compose.yaml without one
# SKIP_BUILD=1 takes the image hedgerow:0.6.0 as it is.
set -eu
cd "$(dirname "$0")"
image=hedgerow:0.6.0
said() { printf '%s\n' "check: $*"; }
fail() { said "FAILED: $*"; exit 1; }

[ -n "${SKIP_BUILD:-}" ] || docker build -q -f Dockerfile -t "$image" ..

# 1. Hardened as the composition runs it: read-only root, no capability, nobody in particular.
name=hedgerow-check-$$
cleanup() {
  docker rm -f "$name" >/dev/null 2>&1 || true
  docker compose -f compose.yaml down -v --remove-orphans >/dev/null 2>&1 || true
}
trap cleanup EXIT
docker run -d --name "$name" --read-only --cap-drop ALL --security-opt no-new-privileges --memory 1g --cpus 1 \
  --pids-limit 256 --tmpfs /tmp --tmpfs /data:uid=10001,gid=10001 -v "$PWD/compose.toml:/etc/hedgerow/hedgerow.toml:ro" \
  "$image" run --config /etc/hedgerow/hedgerow.toml >/dev/null
for _ in $(seq 60); do
  docker exec "$name" python -c "import urllib.request as u; u.urlopen('http://127.0.0.1:8710/healthz')" >/dev/null 2>&1 && break
  sleep 1
done
docker exec "$name" python -c "import urllib.request as u; u.urlopen('http://127.0.0.1:8710/healthz')" >/dev/null 2>&1 \
  || { docker logs "$name"; fail "the bot is not healthy in its container"; }
said "healthy in a read-only container, as $(docker exec "$name" id -u):$(docker exec "$name" id -g)"
[ "$(docker exec "$name" python -c 'import os; print(os.getpid() != 1 and open("/proc/1/cmdline").read().split(chr(0))[1])')" ] || fail "no PID 1"
docker exec "$name" touch /opt/hedgerow/written 2>/dev/null && fail "the image can be written to"

# 2. SIGTERM to PID 1: an orderly end, exit code 0, long before the engine would kill.
before=$(date +%s)
docker stop -t 30 "$name" >/dev/null
took=$(($(date +%s) - before))
code=$(docker inspect -f '{{.State.ExitCode}}' "$name")
[ "$code" = 0 ] || { docker logs "$name"; fail "exit code $code after SIGTERM"; }
[ "$took" -lt 25 ] || fail "SIGTERM took $took s"
said "SIGTERM as PID 1: exit code 0 after $took s"
docker rm "$name" >/dev/null

# 3. The composition.
made=""
for secret in web_token grafana_password; do
  if [ ! -e "secrets/$secret" ]; then
    # The containers' users read them, whoever made them and with whatever umask; the folder keeps everyone else out.
    mkdir -p -m 700 secrets && od -An -N24 -tx1 /dev/urandom | tr -d ' \n' > "secrets/$secret" && made="$made secrets/$secret"
    chmod 444 "secrets/$secret"
  fi
done
docker compose -f compose.yaml config -q
docker compose -f compose.yaml up -d --no-build ${1:+hedgerow "$@"}
for _ in $(seq 90); do
  [ "$(docker compose -f compose.yaml ps --format '{{.Health}}' hedgerow)" = healthy ] && break
  sleep 1
done
[ "$(docker compose -f compose.yaml ps --format '{{.Health}}' hedgerow)" = healthy ] || fail "hedgerow is not healthy"
said "composition up: $(docker compose -f compose.yaml ps --format '{{.Service}} {{.State}}' | tr '\n' ',')"
# Prometheus scrapes it with the token, seen from inside the network of the composition.
for _ in $(seq 60); do
  up=$(docker compose -f compose.yaml exec -T hedgerow python -c "
import json, urllib.request as u
print(json.load(u.urlopen('http://prometheus:9090/api/v1/query?query=hedgerow_hedge_ratio_achieved'))['data']['result'])" 2>/dev/null || echo '[]')
  [ "$up" = '[]' ] || break
  sleep 1
done
[ "$up" = '[]' ] && fail "Prometheus has no figure of the hedge"
said "Prometheus has the hedge's ratio"
# Every service answers, asked from inside; and Prometheus knows where alerts go.
asked() { docker compose -f compose.yaml exec -T hedgerow python -c "import sys, urllib.request as u; print(u.urlopen(sys.argv[1], timeout=5).read())" "$1"; }
for service in $(docker compose -f compose.yaml ps -a --services); do
  case $service in
    hedgerow) path=http://127.0.0.1:8710/healthz ;;
    prometheus) path=http://prometheus:9090/-/ready ;;
    alertmanager) path=http://alertmanager:9093/-/ready ;;
    grafana) path=http://grafana:3000/api/health ;;
    *) fail "nobody knows how to ask $service" ;;
  esac
  for _ in $(seq 30); do asked "$path" >/dev/null 2>&1 && break; sleep 1; done
  asked "$path" >/dev/null 2>&1 || { docker compose -f compose.yaml logs --tail 20 "$service"; fail "$service does not answer"; }
done
case $(asked http://prometheus:9090/api/v1/alertmanagers) in
  *activeAlertmanagers*9093*droppedAlertmanagers*) said "every service answers; Prometheus has its Alertmanager" ;;
  *) fail "Prometheus has no Alertmanager" ;;
esac
docker compose -f compose.yaml stop -t 60 hedgerow
said "stopped: exit code $(docker compose -f compose.yaml ps -a --format '{{.ExitCode}}' hedgerow)"
[ -z "$made" ] || rm -f $made
said "all is well"
