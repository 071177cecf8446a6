"""The adapters in use: which system outside stands behind each port. Who connects a real one puts its class here.

Workers make the adapters; the doctor tells which of them are simulated.
"""

from __future__ import annotations

from collections.abc import Mapping

from dispatch.domain.title import Title
from dispatch.ports.billing import SimulatedBilling
from dispatch.ports.identity_check import SimulatedIdentityCheck
from dispatch.ports.line_test import SimulatedLineTester
from dispatch.ports.printing import SimulatedPrinter
from dispatch.ports.provisioning import SimulatedProvisioning
from dispatch.ports.sms import SimulatedSmsGateway

LINE_TESTER = SimulatedLineTester
SMS_GATEWAY = SimulatedSmsGateway
PROVISIONING = SimulatedProvisioning
PRINTER = SimulatedPrinter
BILLING = SimulatedBilling
IDENTITY_CHECK = SimulatedIdentityCheck

IN_USE: Mapping[type, Title] = {
    LINE_TESTER: Title("线路测试", "line test"),
    SMS_GATEWAY: Title("短信", "short messages"),
    PROVISIONING: Title("服务开通", "provisioning"),
    PRINTER: Title("打印", "printing"),
    BILLING: Title("计费", "billing"),
    IDENTITY_CHECK: Title("身份核验", "identity check"),
}
"""Every port to which work is handed, by its adapter's class."""


def simulated() -> list[Title]:
    """The ports behind which there is no real system: such adapters say so in a field `simulated`."""
    return [port for adapter, port in IN_USE.items() if getattr(adapter, "simulated", False)]
