#!/usr/bin/env bash
# The environment of the notebooks on a SageMaker notebook instance, and its kernel: install.sh STACK REGION
#
# Packages come from PyPI, by the hashes of requirements/*.txt; Python, if uv has to fetch it, by the hash in uv itself.
# All of it lies beside the notebooks, on the volume that is kept; the kernel is told again at every start.
set -euo pipefail
stack="$1" region="$2"
project="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
environment="$project/.environment"
export UV_PYTHON_INSTALL_DIR="$project/.python"
# A Python of its own: those of the instance change with its image, and the environment would break.
export UV_PYTHON_PREFERENCE="${UV_PYTHON_PREFERENCE:-only-managed}"

if [[ ! -f "$environment/installed" ]]; then
  python3 -m venv --clear "$project/.tools"
  "$project/.tools/bin/python" -m pip install -q --require-hashes -r "$project/requirements/bootstrap.txt"
  uv="$project/.tools/bin/uv"
  "$uv" venv -q --clear --python 3.11 "$environment"
  "$uv" pip install -q --python "$environment/bin/python" --require-hashes -r "$project/requirements/notebooks.txt"
  packages="$("$environment/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
  printf '%s\n' "$project" "$project/streaming_lambdas" > "$packages/clickstream.pth"
  touch "$environment/installed"
fi
# Under the name that the notebooks ask for, so that they open without a question.
"$environment/bin/python" -m ipykernel install --user --name python3 --display-name Clickstream \
  --env STACK "$stack" --env AWS_DEFAULT_REGION "$region"
