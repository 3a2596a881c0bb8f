{% for (name, value) in coordinates %}
const i64 {{ name }} = {{ value }};
{% endfor %}
{% for name in hoisted %}
i64 {{ name }} = 0;
{% endfor %}
{% if watches %}
const Watch watch{u32(rank), deadline_ns, status};
bool expired = false;
{% endif %}
