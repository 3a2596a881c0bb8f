{% match form %}
{% when Barrier::Arrive %}
barrier_arrive({{ id }}, {{ count }});
{% when Barrier::SyncAny %}
expired = barrier_sync_any({{ id }}, {{ count }}, expired);
{% when _ %}
barrier_sync({{ id }}, {{ count }});
{% endmatch %}
