"""A portfolio of contracts: planned, cut into parts, evaluated by any executor, written in columns.

plan → parts → run one part → results. What runs a part is a pure function of the part's cells, its
pack and the choices; only the executor differs.
"""
