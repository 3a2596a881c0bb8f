{% if deadline %}
{% if guarded %}if (!expired) {% endif %}{
    const i64 slot = {{ index }};
    expired = !{{ function }}({{ instance }} + slot, {{ wanted }}, watch, Wait{ {{- buffer }}, u32(slot), {{ line -}} });
}
{% else %}
{{ function }}({{ instance }} + {{ index }}, {{ wanted }});
{% endif %}
