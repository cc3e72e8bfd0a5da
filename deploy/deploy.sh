#!/bin/sh
# Builds the image of the checked-out revision, pushes it and deploys it: docs/deploy.md.
# Called by DevDeploy.sh and ProdDeploy.sh.
set -eu

usage='[--run] [--dry-run]

  --run      start it once, follow its log and exit with its exit code
  --dry-run  check everything, change nothing, and print the commands
'
environment=${1:?the environment, dev or prod}
program=${2:?the name of the script that was typed}
shift 2
run=no dry_run=no
for argument; do
  case $argument in
    --run) run=yes ;;
    --dry-run) dry_run=yes ;;
    -h | --help)
      printf 'usage: %s %s' "$program" "$usage"
      exit 0
      ;;
    *)
      printf '%s: unknown option %s\nusage: %s %s' "$program" "$argument" "$program" "$usage" >&2
      exit 2
      ;;
  esac
done

cd "$(dirname "$0")/.."
. deploy/environment.sh
make_scratch

# Checks everything that can be wrong before it pushes anything.
need git "install it"
need node "install Node 20 or later"
need docker "install Docker with its buildx plugin"
need aws "install the AWS command line"
ask docker buildx version >/dev/null || die "docker has no buildx: install Docker's buildx plugin"
read_environment "$environment"

revision=$(ask git rev-parse --short=12 HEAD) || die "no git revision to deploy ($(reason)): commit something first"
# Uncommitted changes would be in the image but not in its name. The environment files are in neither.
changes=$(ask git status --porcelain -- . ':(exclude)deploy/*.env') || die "git status failed: $(reason)"
[ -z "$changes" ] || die "the tree is dirty: commit or stash $(printf '%s\n' "$changes" | sed -n '1s/^...//p')" \
  "and everything else that git status shows"
created=$(ask git show -s --format=%cI HEAD) || die "git show failed: $(reason)"
version=$(sed -n 's/^  "version": "\(.*\)",$/\1/p' package.json)
check_account

registry=$AWS_ACCOUNT_ID.dkr.ecr.$AWS_REGION.amazonaws.com
image=$registry/$ECR_REPOSITORY:$revision
ask aws ecs describe-task-definition --task-definition "$TASK_FAMILY" --include TAGS --output json >"$scratch/current" ||
  die "no task definition $TASK_FAMILY to base a new revision on ($(reason)): set it up first, docs/deploy-aws.md"
ask node deploy/next-revision.mjs "$image" <"$scratch/current" >"$scratch/next" ||
  die "cannot create a new revision of $TASK_FAMILY: $(reason)"
if digest=$(ask aws ecr describe-images --repository-name "$ECR_REPOSITORY" --image-ids "imageTag=$revision" \
  --query 'imageDetails[0].imageDigest' --output text); then
  say "$ECR_REPOSITORY:$revision already exists, $digest"
else
  case $(reason) in
    *ImageNotFoundException*) ;;
    *) die "cannot read the repository $ECR_REPOSITORY: $(reason)" ;;
  esac
  # Through a pipe, because every user of the machine could read an argument.
  show aws ecr get-login-password '|' docker login --username AWS --password-stdin "$registry"
  if [ "$dry_run" = no ]; then
    password=$(ask aws ecr get-login-password) || die "no password for $registry: $(reason)"
    printf '%s' "$password" | ask docker login --username AWS --password-stdin "$registry" >/dev/null ||
      die "docker login at $registry failed: $(reason)"
  fi
  # Docker's default builder builds for one platform at a time; a container builder builds for both.
  ask docker buildx inspect pardot-etl >/dev/null || change docker buildx create --name pardot-etl \
    --driver docker-container || die "docker buildx create failed"
  change docker buildx build --builder pardot-etl --platform linux/amd64,linux/arm64 \
    --build-arg "VERSION=$version" --build-arg "REVISION=$revision" --build-arg "CREATED=$created" \
    --tag "$image" --push . || die "build or push of $image failed; the deployed task is unchanged"
fi

if [ -s "$scratch/next" ]; then
  say "$TASK_FAMILY: new image $image"
  task=$(change_and_ask aws ecs register-task-definition --cli-input-json "file://$scratch/next" \
    --query taskDefinition.taskDefinitionArn --output text) ||
    die "the new revision of $TASK_FAMILY was refused ($(reason)); the image is pushed, the deployed task is unchanged"
  [ "$dry_run" = yes ] || say "deployed $task"
else
  say "$TASK_FAMILY already uses $image"
fi
if [ -n "$IMAGE_TAG_PARAMETER" ]; then
  # Terraform reads it, so its next revision uses this image too.
  change_and_ask aws ssm put-parameter --name "$IMAGE_TAG_PARAMETER" --value "$revision" --overwrite >/dev/null ||
    die "could not write $IMAGE_TAG_PARAMETER ($(reason)): the image is deployed, but the next terraform apply would go" \
      "back to the one before; run this again"
fi

[ "$run" = yes ] || exit 0
if [ "$dry_run" = yes ]; then set -- --dry-run; else set --; fi
rm -rf "$scratch"
exec deploy/run-task.sh "$environment" "$@"
