"""The process of the emulated account: `python -m rehearsal.account DIRECTORY`, where the plan lies."""

import logging
import os
import shlex
import sys
import threading
from collections.abc import Sequence
from http.server import HTTPServer
from pathlib import Path

import certifi

from rehearsal.plan import Plan
from settings import Environment, load_environment


def main() -> None:
    """Serve until the process is ended; writes `account.ready` when everything answers."""
    plan = Plan.read(Path(sys.argv[1]))
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(name)s %(message)s")
    environment = load_environment(plan.environment, plan.environments)
    os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"  # over a thousand objects that nobody asks for
    others = [load_environment(name, plan.environments) for name in plan.others]
    _serve(environment, others, plan)


def _serve(environment: Environment, others: Sequence[Environment], plan: Plan) -> None:
    from moto.moto_server.werkzeug_app import (
        DomainDispatcherApplication,
        MotoRequestHandler,
        create_backend_app,
    )
    from werkzeug.serving import make_server

    from rehearsal.account import (  # noqa: F401  # a model is known to stacks once it is imported
        audit_trail,
        backups,
        bucket_policies,
        call_refusals,
        code_build_projects,
        code_pipelines,
        kms_keys,
        log_groups,
        seed,
        stack_secrets,
    )
    from rehearsal.account.admission import Admission, guarded
    from rehearsal.account.api_faults import ApiFaults, with_api_faults
    from rehearsal.account.cloudformation import change_sets, stack_authorization, stack_calls
    from rehearsal.account.cloudformation.custom_resources import CustomResource
    from rehearsal.account.efs import authorization, stack_file_systems
    from rehearsal.account.efs.conditions import obey
    from rehearsal.account.eks import access_api, addon_api, pod_identity_api, updates
    from rehearsal.account.eks.addon_objects import AddonObjects
    from rehearsal.account.eks.addons import Addons
    from rehearsal.account.eks.cluster_identity import ClusterIdentity, webhook_server
    from rehearsal.account.eks.pod_identity import Associations, webhook_configuration
    from rehearsal.account.eks.pod_identity_agent import PodIdentityAgent, agent_server
    from rehearsal.account.functions import lambda_functions
    from rehearsal.account.functions.function_faults import FunctionFaults
    from rehearsal.account.iam import assumed_roles, managed_policies, sessions, web_identity
    from rehearsal.account.proxy import Proxy
    from rehearsal.account.task_metadata import task_metadata_server
    from rehearsal.fault_box import FaultBox
    from rehearsal.helm import helm_command
    from rehearsal.kubernetes_api import KubernetesApi
    from rehearsal.tls import CertificateAuthority

    sessions.install(environment.account)
    authority = CertificateAuthority(plan.directory)
    lambda_functions.keep_layers()
    for part in (
        stack_calls,
        change_sets,
        stack_file_systems,
        kms_keys,
        bucket_policies,
        log_groups,
        backups,
        managed_policies,
        audit_trail,
    ):
        part.install()
    for part_of_iam in (
        access_api,
        addon_api,
        pod_identity_api,
        updates,
        authorization,
        assumed_roles,
        stack_authorization,
        call_refusals,
    ):
        part_of_iam.install()
    faults = FaultBox(plan.directory)
    api = KubernetesApi(plan)
    Addons.driver_objects = AddonObjects(
        api,
        chart=plan.charts[0],
        helm=lambda: helm_command(environment.cluster.version, directory=plan.directory),
        directory=plan.directory,
    )
    Associations.changed = staticmethod(
        lambda associations: _replace(plan.pod_identity_webhook, webhook_configuration(associations.all()))
    )
    web_identity.install(api)
    CustomResource.runner = lambda_functions.LambdaRunner(
        directory=plan.directory,
        environment=_function_environment(plan),
        path=str(_write_aws_cli(plan)),
        faults=FunctionFaults(faults, api, through_the_proxy=_through_the_proxy(plan)),
    )
    seed.seed(environment, plan)
    seed.seed_others(others, plan, home=environment)
    obey(faults)  # not before: what exists before a deployment is `creating` no longer
    admission = Admission(key=plan.access_key)
    proxy = Proxy(
        plan.proxy_port,
        account_port=plan.account_port,
        authority=authority,
        charts=plan.charts,
        admission=admission,
        faults=faults,
    )
    metadata = task_metadata_server(
        plan.task_metadata_port,
        account=environment.account,
        region=environment.region,
        zone=environment.cluster.subnets[0].availability_zone,
    )
    agent = agent_server(
        plan.pod_identity_port,
        PodIdentityAgent(
            api,
            cluster=environment.cluster.name,
            account=environment.account,
            region=environment.region,
        ),
    )
    webhook = webhook_server(
        plan.token_webhook_port,
        [
            ClusterIdentity(api, cluster=one.cluster.name, account=one.account, region=one.region)
            for one in (environment, *others)
        ],
    )
    account = make_server(
        "127.0.0.1",
        plan.account_port,
        guarded(
            with_api_faults(DomainDispatcherApplication(create_backend_app), ApiFaults(faults)), admission
        ),
        threaded=True,
        request_handler=MotoRequestHandler,
    )
    for server in (proxy, metadata, agent, webhook, account):
        _in_background(server)
    (plan.directory / "account.ready").touch()
    threading.Event().wait()


def _replace(path: Path, text: str) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)  # whoever reads it meets the old one or the new one


def _in_background(server: HTTPServer) -> None:
    threading.Thread(target=server.serve_forever, daemon=True).start()


def _function_environment(plan: Plan) -> dict[str, str]:
    """What a function finds in its environment, besides what its own configuration says."""
    local_charts = any(chart.archive for chart in plan.charts)
    return {
        **plan.aws_environment(),
        **(_through_the_proxy(plan) if local_charts else _user_proxy()),
    }


def _through_the_proxy(plan: Plan) -> dict[str, str]:
    # helm must trust the proxy for a chart that lies here, and the public authorities for all others.
    bundle = plan.directory / "proxy-bundle.pem"
    public = Path(os.environ.get("SSL_CERT_FILE") or certifi.where())
    bundle.write_bytes(public.read_bytes() + plan.proxy_authority.read_bytes())
    return {**plan.proxy_environment(), "SSL_CERT_FILE": str(bundle)}


def _user_proxy() -> dict[str, str]:
    # A repository that serves by itself may only be reached through the user's own proxy.
    names = ("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_FILE")
    return {name: os.environ[name] for name in names if name in os.environ}


def _write_aws_cli(plan: Plan) -> Path:
    folder = plan.directory / "bin"
    folder.mkdir()
    command = folder / "aws"
    command.write_text(
        f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -I -m rehearsal.account.functions.aws_cli "$@"\n',
        encoding="utf-8",
    )
    command.chmod(0o755)
    return folder


if __name__ == "__main__":
    main()
