"""Deployed services for real: Microsoft's inference server in processes that never outlive this one."""
