# What a merchant's script needs to talk to Heliu: sh, openssl and curl. COPY this file, and read it in by:  . ./heliu.sh
#
#   HELIU_URL           where the gateway is, e.g. https://pay.example.com
#   MERCHANT_ID         sixteen digits, from the operator of the gateway
#   MERCHANT_KEY_FILE   your RSA private key as PEM; the operator has its public half
#   PLATFORM_KEY_FILE   the platform's public key as PEM: `data` of GET /platform_public_key
#
#   request        POST /v2/...?merchant_id=...   the body is a JWT signed with YOUR private key
#   answer         success: a JWT signed with the PLATFORM's private key; refusal: plain JSON, which begins with {
#   notification   POST to your notify_url        the body is a JWT signed with the PLATFORM's private key

to_base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }

from_base64url() {
  text=$(tr -- '-_' '+/')
  case $((${#text} % 4)) in 2) text="$text==" ;; 3) text="$text=" ;; esac
  printf '%s' "$text" | openssl base64 -d -A
}

# call_heliu PATH FIELDS: signs the fields (the members of a JSON object, without braces), sends them, verifies the answer and
# prints its JSON. It returns 1 when the gateway says no, which it prints, and 2 when the outcome is unknown: query the order,
# or send the same fields again. Never begin a second order instead.
call_heliu() {
  header=$(printf '{"alg":"RS256","typ":"JWT"}' | to_base64url)
  # A random number that is never used twice, so that nobody can send a copy of the request.
  claims=$(printf '{%s,"nonce_str":"%s"}' "$2" "$(openssl rand -hex 16)" | to_base64url)
  signature=$(printf '%s.%s' "$header" "$claims" | openssl dgst -sha256 -sign "$MERCHANT_KEY_FILE" | to_base64url)
  answer=$(printf '%s.%s.%s' "$header" "$claims" "$signature" |
    curl -sS -m 30 -H 'content-type: text/plain' --data-binary @- "$HELIU_URL$1?merchant_id=$MERCHANT_ID") || return 2
  case $answer in
    '{'*)
      # JSON without a code is none of the gateway's: a proxy's, say.
      printf '%s' "$answer" | grep -q '"code": *[0-9][0-9]*[,}]' || return 2
      printf '%s\n' "$answer"
      return 1
      ;;
  esac
  printf '%s' "$answer" | read_heliu || return 2
}

# read_heliu: verifies the JWT on standard input, a successful answer or the body of a notification, and prints its JSON.
# It prints nothing and returns 1 when the platform did not sign it: then nothing in it is true.
read_heliu() {
  token=$(tr -d ' \r\n')
  signature_file=$(mktemp) || return 1
  printf '%s' "${token##*.}" | from_base64url > "$signature_file"
  # The algorithm is ours to say (RS256), whatever the token's header claims.
  verified=yes
  printf '%s' "${token%.*}" |
    openssl dgst -sha256 -verify "$PLATFORM_KEY_FILE" -signature "$signature_file" > /dev/null 2>&1 || verified=no
  rm -f "$signature_file"
  [ "$verified" = yes ] || return 1
  payload=${token#*.}
  printf '%s' "${payload%%.*}" | from_base64url
  echo
}

# json_member NAME: the last member of that name in the JSON on standard input: enough for these answers, not for any JSON.
json_member() { sed -n "s/^.*\"$1\": *\"\{0,1\}\([^\",}]*\).*\$/\1/p" | head -n 1; }
