"""Every command of the first level: its panel in the help, its module, what it does in two languages.

The root group reads this table alone to show its help; a command's module is imported when the command is run. A new
command is a row here and a function in its module.
"""

from __future__ import annotations

from typing import NamedTuple

from dispatch.domain.title import Title

DESK = Title("受理与处理", "Desk")
TEAMS = Title("班组", "Teams")
COUNTER = Title("柜台", "Counter")
RULES = Title("规则", "Rules")
OPERATE = Title("运维", "Operate")

PANELS = (DESK, TEAMS, COUNTER, RULES, OPERATE)
"""In the order of the help."""


class Row(NamedTuple):
    """One command, or one group of commands: `attribute` is the Typer in `dispatch.cli.<module>` that has it."""

    name: str
    panel: Title
    module: str
    help: Title
    attribute: str = "app"

    @property
    def is_group(self) -> bool:
        return self.attribute != "app"


TABLE: tuple[Row, ...] = (
    Row(
        "submit",
        DESK,
        "intake",
        Title(
            "受理故障；受理渠道由角色决定（10050、10086、营业厅、小区经理）",
            "Take a fault report; the role decides the channel (10050, 10086, counter, community manager).",
        ),
    ),
    Row(
        "transfer",
        DESK,
        "intake",
        Title("转接：10050 → 10086，已问内容一并转交", "Transfer a report from 10050 to 10086, with what was said."),
    ),
    Row(
        "refer",
        DESK,
        "intake",
        Title("非我方业务：已告知客户应找谁", "Close a report that isn't ours: the customer was told whose it is."),
    ),
    Row(
        "take-over",
        DESK,
        "intake",
        Title(
            "接续受理：10086处理转来的申告，先预处理，再办结或派单",
            "Go on with a transferred report: pre-handling, then solved or dispatched.",
        ),
    ),
    Row("claim", DESK, "handling", Title("接单；两人同时接单，只有一人接到", "Claim a hop. Of two people one wins.")),
    Row(
        "report",
        DESK,
        "handling",
        Title(
            "回单：填报结论和佐证，由规则决定下一班组",
            "Report a finding with its evidence; the rules name the next team.",
        ),
    ),
    Row(
        "pass-on",
        DESK,
        "handling",
        Title("转派给其他班组，或本班组其他人", "Pass a hop on to another team, or to another person of the same."),
    ),
    Row(
        "give-back",
        DESK,
        "handling",
        Title("退接：把接了的环节放回看板", "Give a claimed hop back to its team's board."),
    ),
    Row("hand-back", DESK, "handling", Title("退回：把环节退回给派单方", "Hand a hop back to the team that asked.")),
    Row(
        "hold",
        DESK,
        "handling",
        Title("挂起至指定时间，到时自动恢复", "Hold a hop until a given time; then it resumes by itself."),
    ),
    Row("resume", DESK, "handling", Title("解挂：提前结束挂起", "End a hold early.")),
    Row("urge", DESK, "intake", Title("催单；次数和间隔由规则限制", "Urge a ticket; the rules limit how often.")),
    Row("withdraw", DESK, "intake", Title("撤单：客户撤回申告", "Withdraw a report for the customer.")),
    Row(
        "survey", DESK, "intake", Title("回访：登记客户的答复", "Record the customer's answer to the callback survey.")
    ),
    Row(
        "tickets",
        DESK,
        "journey",
        Title("工单一览：最近的工单，现在在谁手里", "List the newest tickets and who has each."),
    ),
    Row(
        "show",
        DESK,
        "journey",
        Title(
            "工单轨迹：经过哪些班组，何时，结论，用时",
            "Show a ticket's journey: which team, when, what it found, how long it took.",
        ),
    ),
    Row(
        "teams",
        TEAMS,
        "team",
        Title(
            "班组一览；或某一班组可报的结论和佐证", "List the teams; or what one team may report, with which evidence."
        ),
    ),
    Row(
        "board",
        TEAMS,
        "team",
        Title(
            "看板：班组待办，催单和紧急的在前，其余先来先办",
            "Show a team's board: the urged and the urgent first, then the oldest.",
        ),
    ),
    Row("crew", TEAMS, "crew", Title("班组人员：谁在哪个班组、哪个片区", "The people of the teams, by area."), "crew"),
    Row(
        "requests",
        TEAMS,
        "requests",
        Title("装维请求：请传输、数据处理而未答复的", "What installers have asked of other teams, not answered yet."),
    ),
    Row("quarantine", TEAMS, "team", Title("隔离区：多次失败的派单", "List the hops that failed too often.")),
    Row(
        "release",
        TEAMS,
        "handling",
        Title("放行：移出隔离区，重新处理", "Release a hop from the quarantine, to be tried afresh."),
    ),
    Row(
        "account",
        COUNTER,
        "accounts",
        Title("宽带账号及其业务办理", "Broadband accounts and the counter's operations."),
        "account",
    ),
    Row(
        "address",
        COUNTER,
        "addresses",
        Title("标准地址和端口", "Standard addresses, and the ports that reach them."),
        "address",
    ),
    Row(
        "demand",
        COUNTER,
        "demands",
        Title("需求登记：谁在等资源，联系、通知、导出", "Who waits for a line: list, call, tell, export."),
        "demand",
    ),
    Row(
        "complaint",
        COUNTER,
        "complaints",
        Title("投诉：受理、一览、联系客户", "Complaints: take one, list what is due, note calls to customers."),
        "complaint",
    ),
    Row(
        "compensate",
        COUNTER,
        "compensation",
        Title(
            "减免：计入客户账单，超限须主管批准",
            "Credit a customer's bill for a ticket; above a limit with an approval.",
        ),
    ),
    Row(
        "approval",
        COUNTER,
        "approvals",
        Title("主管批准：申请、一览、批准", "A supervisor's approvals: ask, list, decide."),
        "approval",
    ),
    Row(
        "device",
        COUNTER,
        "devices",
        Title("终端：导入、发放、入库、报失、报废", "The register of devices: load, hand out, take in, write off."),
        "device",
    ),
    Row("plans", COUNTER, "plans", Title("营销案", "The marketing plans."), "plans"),
    Row("slip", COUNTER, "slips", Title("补打受理单（PDF）", "Print an acceptance slip again, as PDF.")),
    Row(
        "sign",
        COUNTER,
        "signing",
        Title("受理单签名：签名图片，或已在纸上签名", "Sign a slip: a picture, or that the paper was signed."),
    ),
    Row("invoice", COUNTER, "slips", Title("补打发票（PDF）", "Print an invoice again, as PDF.")),
    Row(
        "rules",
        RULES,
        "rules",
        Title("派单规则：检查、试跑、画图、解释", "The routing rules: check, test, draw, explain."),
        "rules",
    ),
    Row(
        "script",
        RULES,
        "prehandling",
        Title("预处理脚本：派单前的问答", "The pre-handling script: the questions before a ticket is made."),
        "script",
    ),
    Row(
        "callbacks",
        DESK,
        "callbacks",
        Title("电话回访：待拨打、登记拨打、不满意", "Calls to customers who answer no message; who is dissatisfied."),
        "callbacks",
    ),
    Row(
        "transfers",
        DESK,
        "transfers",
        Title("转接来电：队列、接听、客户挂断", "Calls from 10050: the queue, answer the next, note who hung up."),
        "transfers",
    ),
    Row(
        "referral",
        DESK,
        "referrals",
        Title("非我方来电：登记、列出", "Callers who aren't ours: refer them elsewhere, list them."),
        "referral",
    ),
    Row(
        "messages",
        RULES,
        "messages",
        Title("发给客户的短信：检查、列出", "The text messages to customers: check, show."),
        "messages",
    ),
    Row(
        "init",
        OPERATE,
        "init",
        Title(
            "在目录中生成可修改的规则、脚本、营销案、短信和设置；不覆盖已有文件",
            "Write rules, script, plans, messages and settings into a folder, to be edited; nothing is overwritten.",
        ),
    ),
    Row(
        "up",
        OPERATE,
        "installation",
        Title("启动全部进程；Ctrl-C 停止，数据保留", "Start everything; Ctrl-C stops it and keeps the data."),
    ),
    Row(
        "demo",
        OPERATE,
        "demo",
        Title(
            "演示：虚构的客户和仿真的故障，在单独的目录里",
            "Demonstrate with made-up customers and faults, in a home of its own.",
        ),
    ),
    Row(
        "web",
        OPERATE,
        "installation",
        Title(
            "只启动网页与接口；可起多个，各用一个端口", "Run the web alone; any number may run, each on its own port."
        ),
    ),
    Row(
        "user",
        OPERATE,
        "users",
        Title("用户：谁可以用网页和接口，有哪些角色", "Users of the web and the API, and their roles."),
        "user",
    ),
    Row(
        "token",
        OPERATE,
        "users",
        Title("签发接口令牌，只显示一次", "Make an API token for a user; it is printed this once."),
    ),
    Row(
        "effects",
        OPERATE,
        "effects",
        Title("外部动作：已请求而未确认的", "Requests to outside systems that aren't confirmed yet."),
        "effects",
    ),
    Row(
        "doctor",
        OPERATE,
        "doctor",
        Title("体检：检查整套安装，给出处理办法", "Examine the installation and say what to do. It changes nothing."),
    ),
    Row(
        "archive",
        OPERATE,
        "archive",
        Title("核对归档、历史与审计的封存", "Check the seals over archive records, history and audit entries."),
        "archive",
    ),
    Row("backup", OPERATE, "backup", Title("备份数据库，不必停机", "Back up the database while everything runs.")),
    Row("restore", OPERATE, "backup", Title("恢复备份，须先停止运行", "Restore a backup, with everything stopped.")),
    Row("migrate", OPERATE, "installation", Title("升级数据库结构", "Bring the database to this program's schema.")),
    Row(
        "replay",
        OPERATE,
        "replay",
        Title(
            "重放真实日志：作为故障走一遍流程，并出报告",
            "Replay a real incident log through the real workers, with a report.",
        ),
    ),
    Row(
        "settings",
        OPERATE,
        "installation",
        Title("设置：变量、现值、含义", "List every setting, its value now and its meaning."),
    ),
    Row(
        "keys",
        OPERATE,
        "keys",
        Title(
            "证件密钥：生成、查看、轮换、停用", "The keys of identity numbers: print new ones, show, rotate, retire."
        ),
        "keys",
    ),
    Row("search", OPERATE, "search", Title("查找索引：重建", "The search's index: build it anew."), "search"),
)
"""In the order of the help."""

BY_NAME = {row.name: row for row in TABLE}
