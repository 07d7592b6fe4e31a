#!/usr/bin/env bash
# The step of the action (../action.yml). Its inputs come by the environment, and each becomes a part of one argument of dagferry's: no
# shell reads any as a script, and none that begins with - becomes another flag.
set -euo pipefail

fail() { printf '::error::%s\n' "$1"; exit 2; }

# flag NAME VALUE adds --NAME=VALUE, flags NAME LINES one for each line; an empty value adds nothing.
flag() { if [ -n "$2" ]; then options+=("--$1=$2"); fi; }
flags() { local line; while IFS= read -r line; do flag "$1" "${line%$'\r'}"; done <<<"$2"; }

switch() { case "$1" in true | false) ;; *) fail "The inputs pytest and parse are true or false." ;; esac; }

tests() {
  options=()
  if [ "$INPUT_PYTEST" = true ]; then flag tests "${INPUT_PYTEST_FILE#/}"; else options+=(--no-pytest); fi
  if [ "$INPUT_PARSE" = false ]; then options+=(--no-parse); fi
  flag image-name "$INPUT_IMAGE_NAME"
  flags build-secret "$INPUT_BUILD_SECRETS"
  flag target "$INPUT_TARGET"
  flag config "$INPUT_CONFIG"
  dagferry test "${options[@]}" "./$INPUT_ROOT_FOLDER"
}

if ! [[ $DAGFERRY_VERSION =~ ^[0-9A-Za-z.+-]+$ ]]; then fail "The input version is a release, such as v1.0.0."; fi
case "$INPUT_ACTION" in deploy | plan) ;; *) fail "The input action is deploy or plan. There are no deployment previews." ;; esac
case "$INPUT_DEPLOY_TYPE" in
  infer) type= ;;
  dags-only) type=DAG_ONLY ;;
  image-only) type=IMAGE_ONLY ;;
  image-and-dags) type=IMAGE_AND_DAG ;;
  *) fail "The input deploy-type is infer, dags-only, image-only or image-and-dags. There are no dbt deploys." ;;
esac
switch "$INPUT_PYTEST"
switch "$INPUT_PARSE"

# shellcheck source=install.sh
. "${BASH_SOURCE[0]%/*}/install.sh"

if [ "$INPUT_PYTEST" = true ] || [ "$INPUT_PARSE" = true ]; then tests; fi

json=${RUNNER_TEMP:-/tmp}/dagferry-$INPUT_ACTION.json
printf 'json=%s\n' "$json" >>"$GITHUB_OUTPUT"
options=(--json-file="$json")
flag target "$INPUT_TARGET"
flag branch "$INPUT_BRANCH"
flag config "$INPUT_CONFIG"
flag type "$type"
if [ "$INPUT_ACTION" = deploy ]; then
  flag description "$INPUT_DESCRIPTION"
  flag image-name "$INPUT_IMAGE_NAME"
  flag wait "$INPUT_WAIT"
  flags build-secret "$INPUT_BUILD_SECRETS"
  if [ "$INPUT_PYTEST" = true ]; then options+=(--no-tests); fi # they were run
fi
while IFS= read -r line; do
  if [ -n "${line%$'\r'}" ]; then options+=("${line%$'\r'}"); fi
done <<<"$INPUT_ARGUMENTS"
dagferry "$INPUT_ACTION" "${options[@]}"
