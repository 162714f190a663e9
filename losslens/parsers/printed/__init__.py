"""Reading what a job printed. ``losslens.parsers.text`` goes the way through; these are its steps.

- whether it is output at all: :mod:`~losslens.parsers.printed.windows`, ``short``, ``unnamed``
- a line without its frame: ``lines``, ``pasted``, ``unfolded``, ``redrawn``, ``info``
- a line -> a record: ``records`` by way of ``counts``, ``names``, ``lists``, ``wholes``, ``respelled``, and what single
  programs print (``caffe``, ``mllog``, ``blocks``, ``statistics``, ``scalars``); ``reading`` keeps what one line says
- lines with those around them: ``reader`` (which keeps in ``kept``), ``sections``, ``headings``, ``tables``, ``bars``,
  ``laps``, ``statements``
- records -> places: ``places``, ``evaluations``, ``keras``, ``dating``
- records -> series and runs: ``series``, ``cut``, ``trainings``, ``starts``, ``swept``, ``ranks``
- what else is told: ``events``, ``settings``, ``commands``, ``dumps``, ``told``, ``nan``, ``unsaid``
"""
