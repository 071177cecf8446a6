"""A log of real incidents as a load: read strictly (`log`), mapped to our teams (`mapping`), planned through the rules
(`plan`); `sample` makes one up where there is no file. Nothing in here stores or sends anything.
"""
