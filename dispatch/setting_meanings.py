"""The purpose of each setting. `dispatch settings` tells it in the reader's language, `docs/settings.md` in English."""

from __future__ import annotations

from collections.abc import Mapping

from dispatch.domain.title import Wording

MEANINGS: Mapping[str, Wording] = {
    "home": Wording(
        "存放本安装状态的目录",
        "folder for the installation's state",
    ),
    "database_url": Wording(
        "PostgreSQL 的地址，postgresql://…，可有多个主机 @a,b/；不设则使用 DISPATCH_HOME 中的 SQLite",
        "PostgreSQL's URL, postgresql://…, also of several hosts @a,b/; without it, SQLite in DISPATCH_HOME is used",
    ),
    "broker_url": Wording(
        "消息代理的地址，redis://、rediss://、valkey://、sentinel://、amqp:// 或 amqps://…；不设则自行启动一个 Valkey",
        "the broker's URL: redis://, rediss://, valkey://, sentinel://, amqp:// or amqps://…; without it, Paidan "
        "starts a Valkey server of its own",
    ),
    "rules": Wording(
        "派单规则文件",
        "file with the routing rules",
    ),
    "prehandling": Wording(
        "电话预处理脚本文件",
        "file with the questions that agents ask on the phone",
    ),
    "plans": Wording(
        "营销案文件",
        "file with the marketing plans",
    ),
    "messages": Wording(
        "客户短信文件",
        "file with the text messages to customers",
    ),
    "complaints": Wording(
        "投诉时限和减免标准文件",
        "file with the times for complaints and the terms of compensation",
    ),
    "quiet_hours": Wording(
        "是否遵守客户短信文件中的静默时段；false 只用于演示和压力测试",
        "whether the quiet hours of the text messages are kept; false is for demonstrations and load tests",
    ),
    "workers": Wording(
        "`dispatch up` 启动的工作进程数",
        "number of worker processes that `dispatch up` starts",
    ),
    "broker_master": Wording(
        "DISPATCH_BROKER_URL 为 sentinel://… 时，Redis 主节点的名称",
        "name of the Redis master, when DISPATCH_BROKER_URL is sentinel://…",
    ),
    "sentinel_password": Wording(
        "Sentinel 自身的密码；DISPATCH_BROKER_URL 中的密码是主节点的",
        "password of the Sentinels themselves; the one in DISPATCH_BROKER_URL is the master's",
    ),
    "flower_port": Wording(
        "Flower 的端口；0 为任一空闲端口",
        "Flower's port; 0 takes any free port",
    ),
    "flower_address": Wording(
        "Flower 监听的 IP 地址",
        "IP address on which Flower listens",
    ),
    "flower_password": Wording(
        "Flower 用户 paidan 的密码；其他机器能访问 Flower 时必设",
        "password of Flower's user paidan; required when other machines can reach Flower",
    ),
    "web_port": Wording(
        "网页服务的端口；0 为任一空闲端口",
        "the web server's port; 0 takes any free port",
    ),
    "web_address": Wording(
        "网页服务监听的 IP 地址",
        "IP address on which the web server listens",
    ),
    "web_url": Wording(
        "网页服务在代理之后时，用户访问的网址；以 https:// 开头时，Cookie 只经 HTTPS 发送",
        "URL by which people reach the web server, when it is behind a proxy; with https://, cookies are "
        "sent by HTTPS only",
    ),
    "web_proxies": Wording(
        "可信代理的 IP 地址或网段，以逗号分隔；访问者的地址取自其请求头",
        "IP addresses or networks of trusted proxies, separated by commas; visitors' addresses are taken from their "
        "headers",
    ),
    "web_connections": Wording(
        "网页服务同时接受的连接数；同一地址（可信代理除外）最多占一半",
        "connections that a web process takes at once; one address, unless it is a trusted proxy's, may have half",
    ),
    "web_head_seconds": Wording(
        "请求头须在多少秒内收齐；超过则关闭连接",
        "seconds within which the head of a request must be whole; beyond that its connection is closed",
    ),
    "web_slowest": Wording(
        "收请求正文、发答复的最低速率（字节每秒，按30秒平均）；更慢则关闭连接",
        "least rate at which a body must come in and an answer be taken, in bytes a second on an average of 30 s; "
        "a slower connection is closed",
    ),
    "largest_upload": Wording(
        "可上传的照片或扫描件的最大字节数",
        "size of the largest photo or scan that is accepted, in bytes",
    ),
    "metrics_token": Wording(
        "读取网页服务 /metrics 的令牌；不设则无人可在此读取",
        "bearer token for the web server's /metrics; without it, nobody can read them there",
    ),
    "metrics_port": Wording(
        "中继和工作进程提供指标的端口；0 为不提供",
        "port on which a relay or a worker serves its metrics; with 0, it doesn't serve them",
    ),
    "metrics_address": Wording(
        "中继和工作进程提供指标时监听的 IP 地址",
        "IP address on which a relay or a worker serves its metrics",
    ),
    "billing_event_key": Wording(
        "计费系统签名其事件（欠费、缴清）所用的密钥，whsec_ 加 base64；不设则不接收",
        "key with which the billing system signs its events (arrears, cleared), whsec_ and base64; without it, none "
        "are taken",
    ),
    "oidc_issuer": Wording(
        "OpenID Connect：身份提供方的 issuer 网址；不设则只能用密码登录",
        "OpenID Connect: issuer URL of the identity provider; without it, people sign in by password only",
    ),
    "oidc_client_id": Wording(
        "OpenID Connect：本安装在提供方的 client id",
        "OpenID Connect: client id of this installation at the provider",
    ),
    "oidc_client_secret": Wording(
        "OpenID Connect：本安装在提供方的 client secret",
        "OpenID Connect: client secret of this installation at the provider",
    ),
    "oidc_claim": Wording(
        "OpenID Connect：ID 令牌中表示派单用户名的 claim",
        "OpenID Connect: claim of the ID token that holds the user's name in Paidan",
    ),
    "token_days": Wording(
        "接口令牌最长的有效天数",
        "longest life of an API token, in days",
    ),
    "access_log_days": Wording(
        "登录记录保存多少天；《网络安全法》第二十一条要求不少于六个月",
        "days for which the access log is kept; China's Cybersecurity Law, article 21, demands six months at least",
    ),
    "batch": Wording(
        "一条消息最多包含的环节数",
        "maximum number of hops in one message",
    ),
    "lease": Wording(
        "消息无回应时，多少秒后重发",
        "seconds after which a message without an answer is sent again",
    ),
    "clock_limit": Wording(
        "本机时钟与数据库时钟最多相差的秒数；超过则该进程不工作，直到对准",
        "seconds by which a process's clock may differ from the database's; beyond that it does no work "
        "until the clock is right",
    ),
    "store_days": Wording(
        "工单办结多少天后，其历史移入案卷库；移入后仍可查阅",
        "days from a case's end until its history moves to the case store, where it stays readable",
    ),
    "forget_days": Wording(
        "外部动作确认多少天后，清除其内容",
        "days from an outside effect's confirmation until its content is erased",
    ),
    "demand_next_days": Wording(
        "有空余端口时，通知一位登记需求的客户后，过多少天再通知下一位",
        "days after which the next who registered a demand is told of a free place that the one before didn't take",
    ),
    "demand_months": Wording(
        "需求登记最后一次提出后保存多少个月；期满结束，并清除联系人和手机号码",
        "months for which a demand is kept after it was last asked; then it ends, and name and number are erased",
    ),
    "transfer_seconds": Wording(
        "转接到10086的来电等候超过多少秒，在转接队列中标红",
        "seconds after which a call transferred to 10086 that nobody has answered is shown in red",
    ),
    "referral_days": Wording(
        "非我方来电的号码保存多少天；期满清除，条数仍计入统计",
        "days for which the number of a caller who isn't ours is kept; the call still counts",
    ),
    "bill_day": Wording(
        "每月出账日；营销案的变更自出账日起生效",
        "day of the month on which a bill begins; a change of plan takes effect on it",
    ),
    "device_months": Wording(
        "终端遗失按剩余价值赔偿：自发放起过多少个整月，价值为零",
        "whole months from its issue until a lost device is worth nothing; until then the customer pays its part",
    ),
    "pause_fee": Wording(
        "停机保号每月的费用（分），预先一次收取",
        "fee of a pause of the service, in fen a month, paid in advance",
    ),
    "pause_months": Wording(
        "停机保号最长月数；十二个月内合计也不超过它",
        "most months of a pause; also of all pauses within twelve months",
    ),
    "survey_url": Wording(
        "回访网址中令牌之前的部分；默认为网页服务的一个页面",
        "URL of a survey without its token; by default a page of the web server",
    ),
    "survey_undo": Wording(
        "客户可撤回网页回访答复的秒数；此后才生效",
        "seconds in which a customer can take back the answer to a survey; it takes effect after them",
    ),
    "timezone": Wording(
        "本系统的时区（IANA 名称）：页面、命令行、短信、受理单和日志都用它，一天也按它起止；接口用带时差的 ISO 8601",
        "time zone of the desk, by its IANA name: of times on pages, at the command line, in messages, on slips and in "
        "logs, and of where a day begins; the API speaks ISO 8601 with an offset",
    ),
    "operator": Wording(
        "受理单和发票上的运营商名称",
        "the operator's name on slips and invoices",
    ),
    "outlet": Wording(
        "受理单上的营业厅名称",
        "the outlet's name on slips",
    ),
    "outlet_hours": Wording(
        "营业厅每天的营业时间；退单退费只约在其中",
        "hours of the day in which the outlet is open; customers are appointed for their refund within them",
    ),
    "record_url": Wording(
        "受理单二维码网址中受理单编号之前的部分；默认为网页服务的一个页面",
        "URL in a slip's QR code without the slip's serial; by default a page of the web server",
    ),
    "fonts": Wording(
        "受理单和发票所用字体的目录；不设则用程序自带的字体",
        "folder with fonts for slips and invoices; without it, the packages' own fonts are used",
    ),
    "field_keys": Wording(
        "加密证件号码的密钥，id:key,…；新号码用第一个加密；设了 DISPATCH_DATABASE_URL 时必设",
        "keys that encrypt identity numbers, id:key,…; the first one encrypts new numbers; required with "
        "DISPATCH_DATABASE_URL",
    ),
    "index_key": Wording(
        "按证件号码查找所用的带密钥散列的密钥；设了 DISPATCH_DATABASE_URL 时必设",
        "key of the keyed hash by which identity numbers are found; required with DISPATCH_DATABASE_URL",
    ),
    "user": Wording(
        "未给出 --as 时的办理人姓名",
        "name of the acting person, when --as isn't given",
    ),
    "role": Wording(
        "未给出 --role 时的办理人角色",
        "role of the acting person, when --role isn't given",
    ),
    "lang": Wording(
        "命令行的语言，zh 或 en；不设则按系统区域设置，无区域设置时为中文",
        "language of the command line, zh or en; without it, the locale's language, or Chinese without a locale",
    ),
}
"""By the setting's name, in the order of `Settings`."""
