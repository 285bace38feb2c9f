"""What runs on a notebook instance of SageMaker; see `cdk/sagemaker_notebook.py`."""
