{{ target }} = {{ function }}({{ address }});
