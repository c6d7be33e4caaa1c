#!/bin/sh
# A first payment with Heliu by sh, openssl and curl:  sh demo.sh [PAY_TYPE] [--by-hand]
#
# COPY heliu.sh: it signs calls and verifies answers and notifications. This file is the story. A shell cannot listen, so
# notifications come in by notify-server.pl (perl is on every Debian and macOS); your shop has a web server for that.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/heliu.sh"

explain() {
  printf '\n%s\n' "$1" >&2
  exit 1
}
step() { printf '\n%s\n\n' "$1"; }
show() { printf '   %s\n     %s\n\n' "$1" "$2"; }
expect() {
  [ "$2" = "$3" ] || explain "$1: expected $3, found $2"
  echo "   ✓ $1: $2"
}
member() { printf '%s' "$1" | json_member "$2"; }

usage='sh demo.sh [PAY_TYPE] [--by-hand]

  PAY_TYPE    wechat.scan (default) or alipay.scan
  --by-hand   you pay it yourself in the wallet page

Settings: the sandbox'\''s file $HELIU_HOME/sandbox.json (HELIU_HOME is .heliu unless it is set), or without it
HELIU_URL, MERCHANT_ID, MERCHANT_KEY_FILE and PLATFORM_KEY_FILE (PEM), and CONTROL_URL for the simulated phone.'

# What notify-server.pl calls for each request: `sh demo.sh --take PATH BODY_FILE FOLDER`. What it prints is the answer.
take() {
  notification=$(read_heliu < "$2") || {
    echo 'the signature is not that of the platform'
    exit 1
  }
  # A repeat carries the same nonce_str. In a real shop this is a unique key in the database of your orders.
  if mkdir "$3/seen.$(member "$notification" nonce_str)" 2> /dev/null; then
    cp "$2" "$3/last_body"
    printf '%s' "$notification" > "$3/arriving" && mv "$3/arriving" "$3/arrived$(printf '%s' "$1" | tr '/' '.')"
  fi
  # "Written down, tell me no more." Anything else, and Heliu repeats it, for two days.
  printf success
}

# next_notification PATH SECONDS: waits for it, and shows it.
next_notification() {
  file=$folder/arrived$(printf '%s' "$1" | tr '/' '.')
  left=$(($2 * 5))
  while [ ! -f "$file" ]; do
    left=$((left - 1))
    [ "$left" -gt 0 ] || explain "No notification came to $notify_url$1."
    sleep 0.2
  done
  notification=$(cat "$file")
  show "POST $notify_url$1  ✓ signed by the platform; answered: success" "$notification"
}

# call PATH FIELDS: shows what goes out and what comes back, and leaves it in $answer.
call() {
  show "POST $HELIU_URL$1?merchant_id=$MERCHANT_ID  as a signed JWT" "{$2}"
  status=0
  answer=$(call_heliu "$1" "$2") || status=$?
  [ "$status" -ne 2 ] || explain 'The gateway does not answer. Start the sandbox: npm start, with the same HELIU_HOME.'
  [ "$status" -eq 0 ] || explain "code $(member "$answer" code): $answer"
  show '→ ✓ signed by the platform' "$answer"
}

# What anybody can do who knows our notify_url: send what arrived before, with another amount in it.
send_forgery() {
  token=$(cat "$folder/last_body")
  payload=${token#*.}
  forged=$(printf '%s' "${payload%%.*}" | from_base64url | sed 's/"total_fee":[0-9]*/"total_fee":1/' | to_base64url)
  body="${token%%.*}.$forged.${token##*.}"
  printf '%s' "$body" | curl -sS -m 20 -w ' (HTTP %{http_code})' --data-binary @- "$notify_url/paid"
}

read_settings() {
  if [ -n "${HELIU_URL:-}" ]; then
    : "${MERCHANT_ID:?With HELIU_URL, set it too.}" "${MERCHANT_KEY_FILE:?With HELIU_URL, set it too.}"
    : "${PLATFORM_KEY_FILE:?With HELIU_URL, set it too.}" "${CONTROL_URL:=}"
    return
  fi
  file=${HELIU_HOME:-.heliu}/sandbox.json
  [ -f "$file" ] || explain "There is no $file. Start the sandbox first: npm start, with the same HELIU_HOME."
  HELIU_URL=$(section gateway | json_member url)
  MERCHANT_ID=$(section merchant | json_member merchant_id)
  CONTROL_URL=$(section simulators | json_member url)
  MERCHANT_KEY_FILE=$folder/merchant.key
  PLATFORM_KEY_FILE=$folder/platform.pub
  printf '%b\n' "$(section merchant | json_member private_key)" > "$MERCHANT_KEY_FILE"
  printf '%b\n' "$(section gateway | json_member platform_public_key)" > "$PLATFORM_KEY_FILE"
}

# section NAME: the lines of a section of sandbox.json.
section() { sed -n "/^  \"$1\": {/,/^  }/p" "$file"; }

start_server() {
  command -v perl > /dev/null || explain 'There is no perl here, which listens for notifications in this demo.'
  perl "$here/notify-server.pl" "$folder" sh "$here/demo.sh" --take &
  server=$!
  while [ ! -f "$folder/url" ]; do sleep 0.1; done
  notify_url=$(cat "$folder/url")
}

show_code() {
  if command -v qrencode > /dev/null; then
    printf '%s' "$1" | qrencode -t ANSIUTF8 -m 4
  else
    echo '   (qrencode draws the code here when it is installed: apt-get install qrencode)'
  fi
  printf '\n   %s\n\n' "$1"
}

story() {
  # A number of yours, unique for ever. Store the order under it before you call: whatever happens, you can query it.
  number=demo.sh.$(date +%s).$$
  total_fee=221 # in fen: 2.21 yuan

  step '1  Place the order'
  call /v2/pay "\"pay_type\":\"$pay_type\",\"mch_trade_id\":\"$number\",\"total_fee\":$total_fee,\"body\":\"Heliu demo, one coffee\",\"spbill_create_ip\":\"127.0.0.1\",\"notify_url\":\"$notify_url/paid\",\"attach\":\"comes back in the notification\""
  code_url=$(member "$answer" code_url)
  [ -n "$code_url" ] || explain "$pay_type gives no code to scan: take wechat.scan or alipay.scan."

  step '2  The payer scans the code'
  show_code "$code_url"
  if [ "$by_hand" = yes ]; then
    printf '   Open the wallet page and pay it there:\n   %s\n' "$CONTROL_URL"
  else
    # The sandbox's own control: what a person does with a phone, as HTTP. It exists in the sandbox alone.
    scanned=$(curl -sS -m 20 -f -H 'content-type: application/json' "$CONTROL_URL/control/scan" \
      -d "{\"code\":\"$code_url\",\"action\":\"pay\"}") || explain 'The simulated phone refused.'
    show "POST $CONTROL_URL/control/scan  the simulated phone" "$scanned"
  fi

  step '3  The notification arrives'
  next_notification /paid "$([ "$by_hand" = yes ] && echo 7200 || echo 90)"
  # Compare with your own books before you ship anything: number, amount, state.
  expect 'the order' "$(member "$notification" mch_trade_id)" "$number"
  expect 'the amount' "$(member "$notification" total_fee)" "$total_fee"
  expect 'trade_state (0 is paid)' "$(member "$notification" trade_state)" 0

  step '4  A forged notification arrives: the same one, with another amount'
  refusal=$(send_forgery)
  case $refusal in *' (HTTP 200)') explain 'A forged notification was taken for genuine.' ;; esac
  echo "   ✓ refused: $refusal"

  step '5  Query the order'
  call /v2/pay/query "\"mch_trade_id\":\"$number\""
  expect 'trade_state (0 is paid)' "$(member "$answer" trade_state)" 0

  step '6  Refund it'
  call /v2/pay/refund "\"mch_trade_id\":\"$number\",\"mch_refund_id\":\"$number.refund.1\",\"refund_fee\":$total_fee,\"refund_desc\":\"the demo is over\",\"notify_url\":\"$notify_url/refunded\""
  expect 'trade_state (1 is being refunded)' "$(member "$answer" trade_state)" 1

  step '7  The notification of the refund arrives'
  next_notification /refunded 90
  expect 'refund_status (0 is refunded)' "$(member "$notification" refund_status)" 0

  step '8  Query the order again'
  call /v2/pay/query "\"mch_trade_id\":\"$number\""
  expect 'refunded_fee' "$(member "$answer" refunded_fee)" "$total_fee"
  printf '\nPaid, notified, refunded, notified. Everything was signed and verified.\n'
}

if [ "${1:-}" = --take ]; then
  take "$2" "$3" "$4"
  exit 0
fi
pay_type=wechat.scan
by_hand=no
for word in "$@"; do
  case $word in
    --by-hand) by_hand=yes ;;
    --help)
      echo "$usage"
      exit 0
      ;;
    -*) explain "$usage" ;;
    *) pay_type=$word ;;
  esac
done
server=
umask 077
folder=$(mktemp -d)
trap '[ -z "$server" ] || kill "$server" 2> /dev/null; rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
read_settings
export HELIU_URL MERCHANT_ID MERCHANT_KEY_FILE PLATFORM_KEY_FILE
start_server
story
