"""Reading TensorBoard event files: records, their checksums, and the scalars in them.

- :mod:`~losslens.parsers.event_files.crc32c`: the checksum of a record, and of a window full of records at once
- :mod:`~losslens.parsers.event_files.files`: gzip'd files unpacked, stretches of large ones
- :mod:`~losslens.parsers.event_files.chain`: the records in a window, and which are intact
- :mod:`~losslens.parsers.event_files.records`: file -> windows of intact records, and the damage between them
- :mod:`~losslens.parsers.event_files.events`: one record -> one event, exactly as protobuf reads it
- :mod:`~losslens.parsers.event_files.columns`: a window of records -> columns of scalars, many at a time
- :mod:`~losslens.parsers.event_files.scalars`: the columns of all windows -> series, tag by tag
- :mod:`~losslens.parsers.event_files.tracks`: the points of one tag, growing window by window
- :mod:`~losslens.parsers.event_files.notes`: sessions, checkpoints and messages of a file
- :mod:`~losslens.parsers.event_files.settings`: hyper-parameters and text summaries -> settings
"""
