select concat('{"data":{"customer":', coalesce((
  select concat('{"id":"cus_', c.id,
    '","displayName":', coalesce(to_json(c.display_name)::text, 'null'),
    ',"givenName":', coalesce(to_json(c.given_name)::text, 'null'),
    ',"familyName":', coalesce(to_json(c.family_name)::text, 'null'),
    ',"email":', coalesce(to_json(c.email)::text, 'null'),
    ',"phone":', coalesce(to_json(c.phone)::text, 'null'),
    ',"locale":', coalesce(to_json(c.locale)::text, 'null'),
    ',"timeZone":', coalesce(to_json(c.time_zone)::text, 'null'),
    ',"stage":"', c.stage,
    '","createdAt":', replace(to_json(c.created_at)::text, '+00:00', 'Z'),
    ',"identities":[', (
      select string_agg(concat('{"kind":"', kind, '","value":', to_json(value), ',"verified":', case when verified then 'true' else 'false' end,
        ',"source":{"code":', to_json(source), '},"firstSeenAt":', replace(to_json(first_seen_at)::text, '+00:00', 'Z'),
        ',"lastSeenAt":', replace(to_json(last_seen_at)::text, '+00:00', 'Z'), '}'), ',' order by kind, first_seen_at, id)
      from identities where customer_id = c.id),
    '],"interactions":{', (
      select concat('"nodes":[', array_to_string(nodes[1:20], ','),
        '],"pageInfo":{"hasNextPage":', case when cardinality(nodes) > 20 then 'true' else 'false' end, ',"endCursor":',
        coalesce('"' || translate(encode(convert_to(places[least(20, cardinality(places))], 'UTF8'), 'base64'), E'+/\n=', '-_') || '"', 'null'), '}')
      from (
        select array_agg(concat('{"id":"int_', id, '","channel":{"code":', to_json(channel), '},"direction":"', direction,
            '","initiative":"', initiative, '","kind":', to_json(kind), ',"occurredAt":', at, ',"summary":', coalesce(to_json(summary)::text, 'null'), '}')) as nodes,
          array_agg(concat('["occurredAt-,id-",', at, ',"int_', id, '"]')) as places
        from (
          select id, channel, direction, initiative, kind, summary, replace(to_json(occurred_at)::text, '+00:00', 'Z') as at
          from interactions where customer_id = c.id order by occurred_at desc, id desc limit 21) as latest) as page),
    '},"purchases":{"nodes":[', (
      select string_agg(concat('{"id":"pur_', p.id, '","orderNumber":', to_json(order_number),
        ',"placedAt":', replace(to_json(placed_at)::text, '+00:00', 'Z'), ',"status":"', status,
        '","total":{"amount":"', total, '","currency":"', currency, '"},"items":[', (
          select string_agg(concat('{"sku":', to_json(sku), ',"name":', coalesce(to_json(name)::text, 'null'), ',"quantity":', quantity,
            ',"unitPrice":{"amount":"', unit_price, '","currency":"', p.currency, '"}}'), ',')
          from (select * from purchase_items where purchase_id = p.id order by position) as items), ']}'), ',')
      from (select * from purchases where customer_id = c.id order by placed_at desc, id desc limit 10) as p),
    ']},"loyalty":', coalesce((
      select concat('{"tier":{"code":', to_json(tier), '},"points":{"active":', active, ',"pending":', pending, '},"ledger":{"nodes":[', (
          select string_agg(concat('{"id":"lge_', id, '","kind":"', kind, '","points":', points, ',"reason":', coalesce(to_json(reason)::text, 'null'),
            ',"occurredAt":', replace(to_json(occurred_at)::text, '+00:00', 'Z'), '}'), ',')
          from (select * from loyalty_entries where customer_id = c.id order by occurred_at desc, id desc limit 5) as entries), ']}}')
      from loyalty_accounts where customer_id = c.id), 'null'),
    ',"tickets":{"nodes":[', (
      select string_agg(concat('{"id":"tkt_', id, '","number":', to_json(number), ',"subject":', coalesce(to_json(subject)::text, 'null'),
        ',"status":"', status, '","priority":"', priority, '","openedAt":', replace(to_json(opened_at)::text, '+00:00', 'Z'), '}'), ',')
      from (select * from tickets where customer_id = c.id and status in ('OPEN', 'PENDING') and status in ('NEW', 'OPEN', 'PENDING', 'ON_HOLD')
        order by opened_at desc, id desc limit 10) as open),
    ']}}')
  from customers as c where c.id = $1), 'null'), '}}') as answer
