# shellcheck shell=bash
# Every start of a SageMaker notebook instance, as root, five minutes at most. The lines above come with the deployment:
# PROJECT (this project as a zip on S3), STACK, REGION, INSTANCE, IDLE_MINUTES.
#
# What lasts a while goes on in the background: packages into an environment, and the watch that stops the instance.
# Only ~/SageMaker is kept when it stops; each version of the project has a folder there, so nobody's work is lost.
set -euo pipefail

sudo -u ec2-user -i env PROJECT="${PROJECT:?}" STACK="${STACK:?}" REGION="${REGION:?}" INSTANCE="${INSTANCE:?}" \
  IDLE_MINUTES="${IDLE_MINUTES:?}" bash <<'AS_USER'
set -euo pipefail
version="$(basename "$PROJECT" .zip)"
folder="$HOME/SageMaker/clickstream-${version:0:8}"
if [[ ! -d "$folder" ]]; then
  part="$(mktemp -d "$HOME/SageMaker/.part-XXXXXX")"
  aws s3 cp --only-show-errors --region "$REGION" "$PROJECT" "$part/project.zip"
  python3 -m zipfile -e "$part/project.zip" "$part/project"
  mv "$part/project" "$folder"
  rm -r "$part"
fi

# Jupyter opens its file browser there, unless the instance has settings in this file.
settings="$HOME/.jupyter/jupyter_server_config.json"
mkdir -p "$(dirname "$settings")"
[[ -e "$settings" ]] ||
  printf '{"FileContentsManager": {"preferred_dir": "%s"}}\n' "$folder/notebooks" > "$settings"

logs="$HOME/SageMaker/.clickstream"
mkdir -p "$logs"
nohup python3 "$folder/notebooks/instance/stop_when_idle.py" --instance "$INSTANCE" --region "$REGION" \
  --minutes "$IDLE_MINUTES" > "$logs/stop_when_idle.log" 2>&1 < /dev/null &
nohup bash "$folder/notebooks/instance/install.sh" "$STACK" "$REGION" > "$logs/install.log" 2>&1 < /dev/null &
AS_USER

systemctl --no-block restart jupyter-server.service
