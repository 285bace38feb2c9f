"""Roles for people, one for each principal that was named: analysts, scientists, who is on call, who recovers.

What they may do is in `cdk.readers` and `cdk.operators`; which command needs which of them, in docs/security.md.
"""

from collections.abc import Callable

from constructs import Construct

from cdk import operators, readers
from cdk.batch import Batch
from cdk.collector import Collector
from cdk.config import Config
from cdk.encryption import Encryption
from cdk.ingest import Ingest
from cdk.lake import Lake
from cdk.person import Person
from cdk.realtime import Realtime
from cdk.serving import Serving
from cdk.stack_role import account_arn
from cdk.traffic import Traffic
from cdk.workgroup import guarded_workgroup

STACKS = "stack/clickstream-*/*"
"""Whose outputs the commands read. A nested stack does not know the name of its root, which a person chooses."""


class People(Construct):
    """The roles, and the workgroup of the analysts.

    Attributes:
        outputs: What a person needs to know of each role that was made, by the name of the output.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        config: Config,
        encryption: Encryption,
        ingest: Ingest,
        collector: Collector | None,
        lake: Lake,
        realtime: Realtime,
        batch: Batch,
        traffic: Traffic,
        serving: Serving | None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._config, self._encryption = config, encryption
        self._ingest, self._collector, self._lake = ingest, collector, lake
        self._realtime, self._batch, self._traffic, self._serving = realtime, batch, traffic, serving
        self.outputs: dict[str, str] = {}
        self._add("Analyst", config.analyst_principal, "Asks where nobody is named", self._analyst)
        self._add("Scientist", config.scientist_principal, "Asks about events, and trains models", self._scientist)
        self._add("OnCall", config.on_call_principal, "Looks at what runs, and starts it again", self._on_call)
        self._add("Recovery", config.recovery_principal, "Brings back what was given up", self._recovery)

    def _add(self, name: str, principal: str, description: str, equip: Callable[[Person], None]) -> None:
        if not principal:
            return
        person = Person(self, name, principal, f"{self._config.prefix}: {description}")
        person.allow("ReadOutputs", ("cloudformation:DescribeStacks",), account_arn("cloudformation", STACKS))
        equip(person)
        self.outputs[f"{name}RoleArn"] = person.role_arn

    def _analyst(self, person: Person) -> None:
        name = f"{self._config.prefix}-analyst"
        guarded_workgroup(
            person,
            config=self._config,
            encryption=self._encryption,
            bucket=self._lake.bucket,
            name=name,
            description="Queries of analysts, whose answers lie apart from those that name people",
            results=readers.ANALYST_RESULTS,
        )
        readers.let_ask(person, self._lake, readers.analysts(name))
        readers.let_browse(person, name)
        readers.let_save_queries(person, name)
        person.allow_key(self._encryption, decrypt=("s3",), encrypt=("s3",))
        self.outputs["AnalystWorkgroupName"] = name

    def _scientist(self, person: Person) -> None:
        readers.let_ask(person, self._lake, readers.scientists(self._lake.workgroup_name))
        readers.let_browse(person, self._lake.workgroup_name)
        if self._serving:
            self._serving.sagemaker.let_train(person)
        else:
            readers.let_register_models(person, self._lake)
        person.allow_key(self._encryption, decrypt=("s3",), encrypt=("s3",))

    def _on_call(self, person: Person) -> None:
        operators.let_watch(person, self._config.prefix, self._ingest, self._batch)
        operators.let_read_live_tables(person, self._realtime)
        functions = [self._realtime.process_events.function, self._realtime.detect_anomalies.function]
        functions += [self._traffic.function, *([self._collector.function] if self._collector else [])]
        operators.let_see_functions(person, *(function.function_arn for function in functions), is_code_shown=True)
        operators.let_restart(person, self._batch, self._realtime)
        person.allow_key(self._encryption, decrypt=("dynamodb",))

    def _recovery(self, person: Person) -> None:
        operators.let_recover(person, self._ingest, self._lake, self._realtime)
        operators.let_see_functions(person, self._realtime.process_events.function.function_arn)
        services = ("dynamodb", "kinesis", "s3", "secretsmanager")
        person.allow_key(self._encryption, decrypt=services, encrypt=("s3",))
