# shellcheck shell=sh
# Functions shared by the scripts in this folder, which source this file after they have set these two variables.
: "${program:?}" "${dry_run:?}"

# Prints the reason on one line and exits.
die() {
  printf '%s: %s\n' "$program" "$*" >&2
  exit 1
}

say() {
  printf '%s: %s\n' "$program" "$*" >&2
}

# need TOOL WHAT-TO-DO
need() {
  command -v "$1" >/dev/null 2>&1 || die "$1 is not installed: $2"
}

# Reads deploy/<environment>.env: lines of NAME=value, taken literally. It is not run as a script, so it cannot execute
# anything.
read_environment() {
  environment_file=deploy/$1.env
  [ -r "$environment_file" ] || die "$environment_file does not exist: write it with terraform output -raw deploy_env," \
    "or from deploy/environment.env.example"
  AWS_ACCOUNT_ID='' AWS_REGION='' ECR_REPOSITORY='' ECS_CLUSTER='' TASK_FAMILY='' LOG_GROUP='' SUBNET_IDS=''
  SECURITY_GROUP_IDS='' ASSIGN_PUBLIC_IP='' IMAGE_TAG_PARAMETER='' PLATFORM='' NODE_IMAGE=''
  number=0
  carriage_return=$(printf '\r')
  while IFS= read -r line || [ -n "$line" ]; do
    number=$((number + 1))
    # An editor of Windows ends a line with this too.
    line=${line%"$carriage_return"}
    case $line in
      '' | '#'*) continue ;;
      *=*) read_setting "${line%%=*}" "${line#*=}" ;;
      *) die "$environment_file: line $number is not NAME=value" ;;
    esac
  done <"$environment_file"
  for pair in "AWS_ACCOUNT_ID $AWS_ACCOUNT_ID" "AWS_REGION $AWS_REGION" "ECR_REPOSITORY $ECR_REPOSITORY" \
    "ECS_CLUSTER $ECS_CLUSTER" "TASK_FAMILY $TASK_FAMILY" "LOG_GROUP $LOG_GROUP" "SUBNET_IDS $SUBNET_IDS" \
    "SECURITY_GROUP_IDS $SECURITY_GROUP_IDS" "ASSIGN_PUBLIC_IP $ASSIGN_PUBLIC_IP"; do
    [ -n "${pair#* }" ] || die "$environment_file: ${pair%% *} is missing"
  done
  case $AWS_ACCOUNT_ID in
    *[!0-9]* | ?????????????*) die "$environment_file: AWS_ACCOUNT_ID is $AWS_ACCOUNT_ID, not 12 digits" ;;
    ????????????) ;;
    *) die "$environment_file: AWS_ACCOUNT_ID is $AWS_ACCOUNT_ID, not 12 digits" ;;
  esac
  case $ASSIGN_PUBLIC_IP in
    ENABLED | DISABLED) ;;
    *) die "$environment_file: ASSIGN_PUBLIC_IP is $ASSIGN_PUBLIC_IP, not ENABLED or DISABLED" ;;
  esac
  case $PLATFORM in
    '' | linux/amd64 | linux/arm64) ;;
    *) die "$environment_file: PLATFORM is $PLATFORM, not linux/amd64 or linux/arm64" ;;
  esac
  # Version 2 of the AWS CLI and the SDKs read AWS_REGION; version 1 reads AWS_DEFAULT_REGION.
  export AWS_REGION AWS_DEFAULT_REGION="$AWS_REGION" AWS_PAGER=''
  # One line that names the error, as `reason` expects; newer versions add lines below it or print JSON.
  export AWS_CLI_ERROR_FORMAT=legacy
}

# shellcheck disable=SC2034 # IMAGE_TAG_PARAMETER and NODE_IMAGE are read by deploy.sh
read_setting() {
  case $2 in
    *'<'*) die "$environment_file: $1 is not filled in" ;;
    *[!A-Za-z0-9_./:,@-]*) die "$environment_file: $1 contains a character that is not allowed in such a name" ;;
  esac
  case $1 in
    AWS_ACCOUNT_ID) AWS_ACCOUNT_ID=$2 ;;
    AWS_REGION) AWS_REGION=$2 ;;
    ECR_REPOSITORY) ECR_REPOSITORY=$2 ;;
    ECS_CLUSTER) ECS_CLUSTER=$2 ;;
    TASK_FAMILY) TASK_FAMILY=$2 ;;
    LOG_GROUP) LOG_GROUP=$2 ;;
    SUBNET_IDS) SUBNET_IDS=$2 ;;
    SECURITY_GROUP_IDS) SECURITY_GROUP_IDS=$2 ;;
    ASSIGN_PUBLIC_IP) ASSIGN_PUBLIC_IP=$2 ;;
    IMAGE_TAG_PARAMETER) IMAGE_TAG_PARAMETER=$2 ;;
    PLATFORM) PLATFORM=$2 ;;
    NODE_IMAGE) NODE_IMAGE=$2 ;;
    *) die "$environment_file: unknown setting $1" ;;
  esac
}

# A temporary folder for commands' error output, and for data that must not be in an argument.
make_scratch() {
  umask 077
  scratch=$(mktemp -d) || die "cannot create a temporary folder"
  trap 'rm -rf "$scratch"' EXIT
}

# Runs a command for its output; keeps its error output for `reason`.
ask() {
  "$@" 2>"$scratch/complaint"
}

# The last line of the last `ask` command's error output.
reason() {
  grep '[^[:space:]]' "$scratch/complaint" | tail -n 1
}

# Prints a command in a form that can be typed.
show() {
  for word in "$@"; do
    case $word in
      '|') printf ' |' ;;
      *[!A-Za-z0-9_./:,@=+-]* | '') printf " '%s'" "$(printf '%s' "$word" | sed "s/'/'\\\\''/g")" ;;
      *) printf ' %s' "$word" ;;
    esac
  done | sed 's/^ /+ /' >&2
  printf '\n' >&2
}

# Shows a command that changes something and runs it, or only shows it with --dry-run. Its output goes to stderr.
change() {
  show "$@"
  [ "$dry_run" = yes ] || "$@" >&2
}

# The same for a command whose output is needed.
change_and_ask() {
  show "$@"
  [ "$dry_run" = yes ] || ask "$@"
}

# Checks that the credentials belong to the account in the file. Nothing is changed before this.
check_account() {
  account=$(ask aws sts get-caller-identity --query Account --output text) ||
    die "the AWS credentials are missing or expired ($(reason)): log in again, or set AWS_PROFILE"
  [ "$account" = "$AWS_ACCOUNT_ID" ] ||
    die "wrong account: the AWS credentials belong to $account, $environment_file names $AWS_ACCOUNT_ID"
}
