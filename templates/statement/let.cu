{{ target }} = {{ value }};
