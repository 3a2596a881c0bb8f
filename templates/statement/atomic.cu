{% match target %}
{% when Some with (target) %}
{{ target }} = {% if guarded %}expired ? 0u : {% endif %}{{ function }}({{ address }}, {{ operands }});
{% when None %}
{% if guarded %}
if (!expired) {
    {{ function }}({{ address }}, {{ operands }});
}
{% else %}
{{ function }}({{ address }}, {{ operands }});
{% endif %}
{% endmatch %}
