"""The eleven account operations of the counter, one module each, in the rule book's words.

    开户 open                opening.open_account
    过户 transfer            transfer.transfer
    结算预览 settle-preview  settlement.preview
    销户 close               closure.close
    停/开机 suspend, resume  suspension.suspend, suspension.resume
    密码修改 change password password.change
    密码重置 reset password  password.reset
    资料查询 query           customer_view.view
    资料修改 modify          profile.modify
    绑定 bind, unbind        binding.bind, binding.unbind, binding.bindings
    退单退费 cancel, refund  refund.refund
    修改账号 rename          renaming.rename

and, for those that must know that the customer has a mobile number,

    发送验证码 send code     proof.send

Each takes an open transaction, the counter, a request, who acts and when, and gives what came of it: accepted, with its
slip, or refused, with the reason that the clerk reads out. Source: 家庭宽带业务流程 V1.0, sections 1 to 11.
"""
