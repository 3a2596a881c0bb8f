{% if guarded %}
if (!expired) {
    {{ function }}({{ address }}, {{ value }});
}
{% else %}
{{ function }}({{ address }}, {{ value }});
{% endif %}
