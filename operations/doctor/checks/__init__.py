"""The checks, one function each, in modules by topic. A new module here is found by itself."""
