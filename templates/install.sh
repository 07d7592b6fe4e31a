# Puts dagferry into ~/.dagferry, unless that version is on the PATH already.
export PATH="$HOME/.dagferry:$PATH"
if ! dagferry version 2>/dev/null | grep -qF "dagferry $DAGFERRY_VERSION "; then (
  set -eu
  mkdir -p "$HOME/.dagferry"
  cd "$HOME/.dagferry"
  file=dagferry_${DAGFERRY_VERSION}_linux_$(uname -m | sed 's/x86_64/amd64/; s/aarch64/arm64/').tar.gz
  for name in "$file" SHA256SUMS; do
    curl -fsSLO --retry 3 "https://github.com/dagferry/dagferry/releases/download/$DAGFERRY_VERSION/$name"
  done
  grep " $file\$" SHA256SUMS | sha256sum -c -
  tar -xzf "$file" dagferry
) fi
