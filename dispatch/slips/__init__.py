"""Papers for the customer: acceptance slips 受理单 and invoices 发票, from data (`forms`) to PDF (`typesetting`).

Pure, but for reading fonts and templates.
"""
