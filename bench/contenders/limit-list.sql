select concat('{"data":{"customers":{"nodes":[', array_to_string(nodes[1:50], ','),
  '],"pageInfo":{"hasNextPage":', case when cardinality(nodes) > 50 then 'true' else 'false' end, ',"endCursor":',
  coalesce('"' || translate(encode(convert_to('["id-","cus_' || ids[least(50, cardinality(ids))] || '"]', 'UTF8'), 'base64'), E'+/\n=', '-_') || '"', 'null'), '}}}}') as answer
from (
  select array_agg(c.id) as ids, array_agg(concat('{"id":"cus_', c.id, '","displayName":', coalesce(to_json(c.display_name)::text, 'null'), ',"stage":"', c.stage,
    '","interactions":{"nodes":[', (
      select string_agg(concat('{"id":"int_', id, '","channel":{"code":', to_json(channel), '},"occurredAt":', replace(to_json(occurred_at)::text, '+00:00', 'Z'),
        ',"summary":', coalesce(to_json(summary)::text, 'null'), '}'), ',')
      from (select * from interactions where customer_id = c.id order by occurred_at desc, id desc limit 3) as latest),
    ']},"purchases":{"nodes":[', (
      select string_agg(concat('{"id":"pur_', id, '","placedAt":', replace(to_json(placed_at)::text, '+00:00', 'Z'),
        ',"total":{"amount":"', total, '","currency":"', currency, '"}}'), ',')
      from (select * from purchases where customer_id = c.id order by placed_at desc, id desc limit 2) as latest),
    ']},"loyalty":', coalesce((select concat('{"tier":{"code":', to_json(tier), '}}') from loyalty_accounts where customer_id = c.id), 'null'),
    ',"openTicketCount":', (select count(*) from tickets where customer_id = c.id and status in ('NEW', 'OPEN', 'PENDING', 'ON_HOLD')), '}')) as nodes
  from (select id, display_name, stage from customers where id < $1 and merged_into is null order by id desc limit 51) as c) as page
