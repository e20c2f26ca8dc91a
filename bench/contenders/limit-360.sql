select ('{"data":{"customer":' || (coalesce((
  select (((('{"id":"cus_' || (c.id::text ||
    '","displayName":')) || ((coalesce(to_json(c.display_name)::text, 'null') ||
    ',"givenName":') || (coalesce(to_json(c.given_name)::text, 'null') ||
    ',"familyName":'))) || (((coalesce(to_json(c.family_name)::text, 'null') ||
    ',"email":') || (coalesce(to_json(c.email)::text, 'null') ||
    ',"phone":')) || ((coalesce(to_json(c.phone)::text, 'null') ||
    ',"locale":') || (coalesce(to_json(c.locale)::text, 'null') ||
    ',"timeZone":')))) || ((((coalesce(to_json(c.time_zone)::text, 'null') ||
    ',"stage":"') || (c.stage::text ||
    '","createdAt":')) || ((replace(to_json(c.created_at)::text, '+00:00', 'Z') ||
    ',"identities":[') || (coalesce((
      select string_agg(((('{"kind":"' || (kind::text || '","value":')) || (to_json(value)::text || (',"verified":' || (case when verified then 'true' else 'false' end)))) || ((
        ',"source":{"code":' || (to_json(source)::text || '},"firstSeenAt":')) || ((replace(to_json(first_seen_at)::text, '+00:00', 'Z') ||
        ',"lastSeenAt":') || (replace(to_json(last_seen_at)::text, '+00:00', 'Z') || '}')))), ',' order by kind, first_seen_at, id)
      from identities where customer_id = c.id), '') ||
    '],"interactions":{'))) || ((((
      select (('"nodes":[' || (array_to_string(nodes[1:20], ',') ||
        '],"pageInfo":{"hasNextPage":')) || (((case when cardinality(nodes) > 20 then 'true' else 'false' end) || ',"endCursor":') || (
        coalesce('"' || translate(encode(convert_to(places[least(20, cardinality(places))], 'UTF8'), 'base64'), E'+/\n=', '-_') || '"', 'null') || '}')))
      from (
        select array_agg(((('{"id":"int_' || (id::text || '","channel":{"code":')) || ((to_json(channel)::text || '},"direction":"') || (direction::text ||
            '","initiative":"'))) || (((initiative::text || '","kind":') || (to_json(kind)::text || ',"occurredAt":')) || ((at || ',"summary":') || (coalesce(to_json(summary)::text, 'null') || '}'))))) as nodes,
          array_agg((('["occurredAt-,id-",' || at) || (',"int_' || (id::text || '"]')))) as places
        from (
          select id, channel, direction, initiative, kind, summary, replace(to_json(occurred_at)::text, '+00:00', 'Z') as at
          from interactions where customer_id = c.id order by occurred_at desc, id desc limit 21) as latest) as page) ||
    '},"purchases":{"nodes":[') || (coalesce((
      select string_agg(((('{"id":"pur_' || (p.id::text || '","orderNumber":')) || ((to_json(order_number)::text ||
        ',"placedAt":') || (replace(to_json(placed_at)::text, '+00:00', 'Z') || ',"status":"'))) || (((status::text ||
        '","total":{"amount":"') || (total::text || '","currency":"')) || ((currency::text || '"},"items":[') || (coalesce((
          select string_agg(((('{"sku":' || to_json(sku)::text) || (',"name":' || (coalesce(to_json(name)::text, 'null') || ',"quantity":'))) || ((quantity::text || (
            ',"unitPrice":{"amount":"' || unit_price::text)) || ('","currency":"' || (p.currency::text || '"}}')))), ',')
          from (select * from purchase_items where purchase_id = p.id order by position) as items), '') || ']}')))), ',')
      from (select * from purchases where customer_id = c.id order by placed_at desc, id desc limit 10) as p), '') ||
    ']},"loyalty":')) || ((coalesce((
      select ((('{"tier":{"code":' || to_json(tier)::text) || ('},"points":{"active":' || active::text)) || ((',"pending":' || pending::text) || ('},"ledger":{"nodes":[' || (coalesce((
          select string_agg(((('{"id":"lge_' || id::text) || ('","kind":"' || (kind::text || '","points":'))) || ((points::text || (',"reason":' || coalesce(to_json(reason)::text, 'null'))) || (
            ',"occurredAt":' || (replace(to_json(occurred_at)::text, '+00:00', 'Z') || '}')))), ',')
          from (select * from loyalty_entries where customer_id = c.id order by occurred_at desc, id desc limit 5) as entries), '') || ']}}'))))
      from loyalty_accounts where customer_id = c.id), 'null') ||
    ',"tickets":{"nodes":[') || (coalesce((
      select string_agg(((('{"id":"tkt_' || (id::text || '","number":')) || (to_json(number)::text || (',"subject":' || coalesce(to_json(subject)::text, 'null')))) || ((
        ',"status":"' || (status::text || '","priority":"')) || ((priority::text || '","openedAt":') || (replace(to_json(opened_at)::text, '+00:00', 'Z') || '}')))), ',')
      from (select * from tickets where customer_id = c.id and status in ('OPEN', 'PENDING') and status in ('NEW', 'OPEN', 'PENDING', 'ON_HOLD')
        order by opened_at desc, id desc limit 10) as open), '') ||
    ']}}')))))
  from customers as c where c.id = $1), 'null') || '}}')) as answer
