"""The options that say which workspace is meant, and how to get there."""

from __future__ import annotations

import argparse
import sys

from gpu_assistant.choices import Choices
from gpu_assistant.domain.errors import BadSetting
from gpu_assistant.domain.workspace import SignInMethod, WorkspaceRef
from gpu_assistant.settings import read_workspace_config


def choices_of(options: argparse.Namespace) -> Choices:
    """What the options ask for. Raises BadSetting."""
    workspace = None
    if options.workspace:
        if not (options.subscription and options.resource_group):
            raise BadSetting(setting="Workspace", reason="--workspace needs --subscription and --resource-group too")
        workspace = WorkspaceRef(options.subscription, options.resource_group, options.workspace)
    elif options.config:
        workspace = read_workspace_config(options.config)
        if workspace is None:
            raise BadSetting(setting=str(options.config), reason="this is not a workspace's config.json")
    return Choices(
        data_dir=options.data_dir,
        practice=options.practice,
        scenario=options.scenario,
        speed=options.speed,
        workspace=workspace,
        tenant_id=options.tenant,
        sign_in=SignInMethod(options.sign_in) if options.sign_in else None,
        may_ask=sys.stdin.isatty() and sys.stderr.isatty(),
        give_up_after_s=options.give_up_after,
        debug=options.debug,
    )
