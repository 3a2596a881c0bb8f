{% if passes_on_expiry %}
if (block_sync_any(expired)) {
    return;
}
{% else %}
block_sync();
{% endif %}
