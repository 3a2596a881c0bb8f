if ({{ condition }}) {
    {{ then|safe }}
{% if !otherwise.is_empty() %}
} else {
    {{ otherwise|safe }}
{% endif %}
}
