"""Runs pardot-etl for every business unit, each morning. docs/orchestrate.md explains the exit codes.

Needs apache-airflow-providers-cncf-kubernetes. Nothing of pardot-etl is imported: the image is the interface.
"""

from datetime import datetime, timedelta

from airflow import DAG
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from kubernetes.client import models as k8s

COMMON = {
    "AWS_REGION": "eu-central-1",
    "PARDOT_CLIENT_ID": "3MVG9exampleConsumerKey",
    "PARDOT_USERNAME": "pardot-etl@example.com",
    "PARDOT_PRIVATE_KEY": "aws-secretsmanager:pardot-etl/salesforce#private_key",
}
UNITS = {
    "emea": {"PARDOT_BUSINESS_UNIT_ID": "0Uv000000000001AAA", "PARDOT_TIMEZONE": "Europe/Berlin"},
    "apac": {"PARDOT_BUSINESS_UNIT_ID": "0Uv000000000002AAA", "PARDOT_TIMEZONE": "Asia/Singapore"},
}

with DAG("pardot_etl", schedule="15 5 * * *", start_date=datetime(2026, 1, 1), catchup=False, max_active_runs=1):
    KubernetesPodOperator.partial(
        task_id="run",
        map_index_template="{{ task.env_vars[-1].value }}",
        name="pardot-etl",
        image="ghcr.io/example/pardot-etl:0.1.0",
        arguments=["run"],
        service_account_name="pardot-etl",
        # 4: limit reached, tomorrow's run continues. 8: another run is in progress.
        skip_on_exit_code=[4, 8],
        retries=2,
        retry_delay=timedelta(minutes=10),
        retry_exponential_backoff=True,
        max_active_tis_per_dagrun=8,
        deferrable=True,
        termination_grace_period=60,
        active_deadline_seconds=82800,
        container_resources=k8s.V1ResourceRequirements(requests={"cpu": "500m", "memory": "1Gi"}, limits={"memory": "2Gi"}),
        security_context={"runAsNonRoot": True, "runAsUser": 65532, "runAsGroup": 65532, "fsGroup": 65532},
        container_security_context={"readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}},
        volumes=[k8s.V1Volume(name="scratch", empty_dir=k8s.V1EmptyDirVolumeSource(size_limit="20Gi"))],
        volume_mounts=[k8s.V1VolumeMount(name="scratch", mount_path="/var/pardot-etl")],
    ).expand(
        env_vars=[
            COMMON | unit | {"PARDOT_ETL_DESTINATION": f"s3://example-marketing/pardot/{name}"}
            for name, unit in UNITS.items()
        ]
    )
