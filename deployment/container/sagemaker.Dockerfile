# Training and serving of custom models on SageMaker. Build from the root of the project:
#   docker build --file deployment/container/sagemaker.Dockerfile --tag rivulet-sagemaker:0.1.0 .
# For instances with a GPU: --build-arg LOCK=networks-cuda.txt
#checkov:skip=CKV_DOCKER_2:SageMaker requests /ping itself, and a training job serves nothing
#checkov:skip=CKV_DOCKER_3:SageMaker mounts its folders for root, in a container of its own without a network
FROM public.ecr.aws/docker/library/python:3.13-slim-bookworm AS packages
ARG LOCK=networks.txt
COPY deployment/requirements/${LOCK} /lock.txt
RUN python -m venv --without-pip /sagemaker \
 && python -m pip --python /sagemaker/bin/python install --no-cache-dir --no-compile --disable-pip-version-check \
    --require-hashes --only-binary=:all: --requirement /lock.txt
COPY model/__init__.py /sagemaker/code/model/__init__.py
COPY model/schemas /sagemaker/code/model/schemas
COPY model/arrays /sagemaker/code/model/arrays
COPY model/recipes /sagemaker/code/model/recipes
COPY model/registry /sagemaker/code/model/registry
COPY model/datasets /sagemaker/code/model/datasets
COPY model/evaluation/__init__.py /sagemaker/code/model/evaluation/__init__.py
COPY model/evaluation/solution_metrics /sagemaker/code/model/evaluation/solution_metrics
COPY model/networks /sagemaker/code/model/networks
COPY model/engine /sagemaker/code/model/engine
COPY model/sagemaker /sagemaker/code/model/sagemaker
RUN /sagemaker/bin/python -m compileall -q -j 0 /sagemaker/code

FROM public.ecr.aws/docker/library/python:3.13-slim-bookworm
LABEL org.opencontainers.image.title="rivulet-sagemaker" \
      org.opencontainers.image.description="Trains and serves recommenders under SageMaker's contract" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=packages /sagemaker /sagemaker
# The folders that SageMaker mounts: docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo.html
ENV PYTHONPATH=/sagemaker/code \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    SM_INPUT_DIR=/opt/ml/input \
    SM_OUTPUT_DIR=/opt/ml/output \
    SM_MODEL_DIR=/opt/ml/model \
    SM_CHECKPOINTS_DIR=/opt/ml/checkpoints
EXPOSE 8080
# SageMaker adds `train` or `serve`.
ENTRYPOINT ["/sagemaker/bin/python", "-m", "model.sagemaker"]
