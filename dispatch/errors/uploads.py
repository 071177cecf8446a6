"""Errors of photos and scans."""

from __future__ import annotations

from dispatch.errors.base import DispatchError


class PhotosEnough(DispatchError):
    """环节 {hop} 已有{most}张照片，不能再加。
    Hop {hop} has {most} photos already: no more are kept of one."""

    code = "photos-enough"
    heading = "照片已满"


class WrongFileType(DispatchError):
    """只收 JPEG、PNG、WebP 图片和 PDF，不论文件叫什么名字。
    That file is neither JPEG, PNG, WebP nor PDF, whatever it is called."""

    code = "wrong-file-type"
    heading = "文件类型不符"


class UploadGone(DispatchError):
    """扫描件 {upload} 已失效，请重新上传。
    You have no scan {upload}, or it is older than a day: send it up again."""

    code = "upload-gone"
    heading = "扫描件已失效"
