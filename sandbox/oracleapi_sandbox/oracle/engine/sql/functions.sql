-- Oracle's scalar functions and operators in PostgreSQL, schema "ora". NULL in is NULL out unless said otherwise; the
-- empty string is NULL. Errors are raised with SQLSTATE ORA00 and a message "<code>:<text>".
-- Source: Oracle Database SQL Language Reference 19c. [D]

set search_path = pg_catalog;
create schema ora;
grant usage on schema ora to public;

-- Types. A DATE is timestamp(0) below a domain, so that DATE arithmetic can be told from TIMESTAMP arithmetic.
create domain ora.date as timestamp(0);
create domain ora.clob as text;
create domain ora.blob as bytea;

create function ora.raise(code int, message text) returns text language plpgsql set search_path = pg_catalog as $$
begin
  raise exception using errcode = 'ORA00', message = code || ':' || message;
end $$;

create function ora.setting(name text) returns text language sql stable begin atomic select nullif(current_setting('oracle.' || name, true), ''); end;

-- Numbers.
create function ora.to_number(s text) returns numeric language plpgsql immutable strict parallel safe set search_path = pg_catalog as $$
begin
  if btrim(s) !~ '^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$' then
    perform ora.raise(1722, 'invalid number');
  end if;
  return btrim(s)::varchar::numeric;  -- from varchar: the cast from text is this function
end $$;
create function ora.num(x numeric) returns numeric language sql immutable parallel safe begin atomic select x; end;
create function ora.num(x text) returns numeric language sql immutable parallel safe begin atomic select ora.to_number(x); end;
create function ora.num(x float8) returns numeric language sql immutable parallel safe begin atomic select x::numeric; end;

create function ora.num_text(x numeric) returns text language plpgsql immutable strict parallel safe set search_path = pg_catalog as $$
declare
  t text := trim_scale(x)::varchar;  -- to varchar: the cast to text is this function
begin
  if length(t) > 42 then
    t := trim_scale(round(x, greatest(0, 40 - length(trunc(abs(x))::varchar))))::varchar;
  end if;
  return regexp_replace(t, '^(-?)0\.', '\1.');
end $$;

create function ora.divide(a numeric, b numeric) returns numeric language plpgsql immutable strict parallel safe set search_path = pg_catalog as $$
declare
  q numeric := (a + 0e-60) / b;
begin
  -- NUMBER holds twenty base-100 digits.
  return trim_scale(round(q, greatest(0, 40 - 2 * ((case when abs(q) < 1 then 0 else length(trunc(abs(q))::varchar) end + 1) / 2))));
end $$;
create operator ora./ (leftarg = numeric, rightarg = numeric, function = ora.divide);

create function ora.mod(a numeric, b numeric) returns numeric language sql immutable parallel safe begin atomic select case when b = 0 then a else pg_catalog.mod(a, b) end; end;
create function ora.power(a numeric, b numeric) returns numeric language sql immutable parallel safe begin atomic select trim_scale(pg_catalog.power(a, b)); end;
create function ora.round_number(x numeric, n numeric) returns numeric language sql immutable parallel safe begin atomic select pg_catalog.round(x, trunc(n)::int); end;
create function ora.trunc_number(x numeric, n numeric) returns numeric language sql immutable parallel safe begin atomic select pg_catalog.trunc(x, trunc(n)::int); end;

-- Formats of dates: Oracle's model to PostgreSQL's, refusing what Oracle refuses.
create function ora.date_tokens(fmt text) returns text[] language plpgsql immutable strict parallel safe set search_path = pg_catalog as $$
declare
  rest text := fmt;
  found text[];
  tokens text[] := '{}';
begin
  while rest <> '' loop
    found := regexp_match(rest, '^("[^"]*"|FM|FX|SYYYY|YYYY|RRRR|Y,YYY|YYY|YY|RR|IYYY|IYY|IY|MONTH|MON|MM|DDD|DAY|DD|DY|HH24|HH12|HH|MI|SSSSS|SS|FF[1-9]?|A\.M\.|P\.M\.|AM|PM|B\.C\.|A\.D\.|BC|AD|TZH|TZM|TZR|TZD|IW|WW|CC|RM|DL|DS|TS|Q|W|D|J|I|Y|X|TH|SP|[-/,.;: ])', 'i');
    if found is null then
      perform ora.raise(1821, 'date format not recognized');
    end if;
    tokens := tokens || found[1];
    rest := substr(rest, length(found[1]) + 1);
  end loop;
  return tokens;
end $$;

create function ora.date_format(fmt text) returns text language plpgsql immutable strict parallel safe set search_path = pg_catalog as $$
declare
  t text;
  u text;
  out text := '';
  fill text := '';
begin
  foreach t in array ora.date_tokens(fmt) loop
    u := upper(t);
    -- FM is a switch for all that follows; PostgreSQL's is a prefix of one element.
    if u = 'FM' then
      fill := case when fill = '' then 'FM' else '' end;
      continue;
    end if;
    out := out || case when u ~ '^[A-Z]' and u not in ('TH', 'X', 'DS', 'DL') then fill else '' end || case
      when u = 'RR' then 'YY' when u = 'RRRR' then 'YYYY' when u = 'SYYYY' then 'YYYY' when u = 'X' then '.'
      when u = 'FF' then 'US' when u ~ '^FF[1-6]$' then u when u ~ '^FF[7-9]$' then 'US'
      when u = 'DS' then 'FMMM/DD/YYYYFM' when u = 'DL' then 'FMDay, Month DD, YYYYFM' when u = 'TS' then 'HH12:MI:SS AM'
      when u in ('SP', 'TZD') then ora.raise(1821, 'date format not recognized')
      when u = 'TZR' then 'TZH:TZM'
      when u in ('HH', 'HH12', 'HH24', 'MI', 'SS', 'DD', 'MM') then u
      else t end;
  end loop;
  return out;
end $$;

create function ora.nls_date_format() returns text language sql stable begin atomic select coalesce(ora.setting('nls_date_format'), 'DD-MON-RR'); end;
create function ora.nls_timestamp_format() returns text language sql stable begin atomic select coalesce(ora.setting('nls_timestamp_format'), 'DD-MON-RR HH.MI.SSXFF AM'); end;
create function ora.nls_timestamp_tz_format() returns text language sql stable begin atomic select coalesce(ora.setting('nls_timestamp_tz_format'), 'DD-MON-RR HH.MI.SSXFF AM TZR'); end;

create function ora.month_number(word text) returns int language sql immutable strict parallel safe begin atomic select array_position(array['JAN','FEB','MAR','APR','MAY','JUN','JUL','AUG','SEP','OCT','NOV','DEC'], upper(substr(word, 1, 3))); end;

-- Reads *s* by *fmt*; the result carries an offset only if the format has one ("zone" is NULL otherwise).
create function ora.read_date(s text, fmt text, out at timestamp, out zone interval) language plpgsql stable set search_path = pg_catalog as $$
declare
  t text; u text; m text; rest text := btrim(s); width int;
  y int := extract(year from ora.now()); mo int := extract(month from ora.now()); d int := 1; doy int;
  h int := 0; mi int := 0; sec numeric := 0; frac numeric := 0; pm boolean; secs int; zh int; zm int := 0; julian int;
begin
  if s is null or fmt is null then return; end if;
  foreach t in array ora.date_tokens(fmt) loop
    u := upper(t);
    if u in ('FM', 'FX') then continue; end if;
    if rest = '' and u !~ '^(FF.?|X|[-/,.;: ]|TZH|TZM|HH24|HH12|HH|MI|SS|".*")$' then
      perform ora.raise(1840, 'input value not long enough for date format');
    end if;
    if u ~ '^[-/,.;: ]$' or u = 'X' or u like '"%' then
      if u like '"%' then
        if rest <> '' and left(rest, length(t) - 2) <> substr(t, 2, length(t) - 2) then
          perform ora.raise(1861, 'literal does not match format string');
        end if;
        rest := substr(rest, length(t) - 1);
      elsif rest ~ '^[^0-9A-Za-z]' then
        rest := substr(rest, 2);
      elsif rest <> '' and u <> ' ' then
        perform ora.raise(1861, 'literal does not match format string');
      end if;
      continue;
    end if;
    if u in ('MON', 'MONTH', 'DAY', 'DY', 'AM', 'PM', 'A.M.', 'P.M.', 'TZR') then
      m := substring(rest from case when u = 'TZR' then '^[A-Za-z_/+:0-9-]+' when u like '%.M.' then '^[AaPp]\.[Mm]\.' when u in ('AM', 'PM') then '^[AaPp][Mm]' when u in ('MON', 'DY') then '^[A-Za-z]{3}' else '^[A-Za-z]+' end);
      if m is null then
        perform case when u in ('MON', 'MONTH') then ora.raise(1843, 'not a valid month')
          when u in ('DAY', 'DY') then ora.raise(1846, 'not a valid day of the week')
          when u = 'TZR' then ora.raise(1882, 'timezone region not found')
          else ora.raise(1855, 'AM/A.M. or PM/P.M. required') end;
      end if;
      rest := ltrim(substr(rest, length(m) + 1));
      if u in ('MON', 'MONTH') then
        mo := ora.month_number(m);
        if mo is null then perform ora.raise(1843, 'not a valid month'); end if;
      elsif u = 'TZR' then
        zone := extract(epoch from (now() at time zone m) - (now() at time zone 'UTC')) * interval '1 second';
      elsif u like '%M%' then
        pm := upper(left(m, 1)) = 'P';
      end if;
      continue;
    end if;
    if u in ('TZH') then
      m := substring(rest from '^[+-]?[0-9]{1,2}');
      if m is not null then zh := m::int; rest := substr(rest, length(m) + 1); end if;
      continue;
    end if;
    width := case when u in ('YYYY', 'RRRR', 'SYYYY') then 4 when u in ('YYY', 'DDD') then 3 when u = 'SSSSS' then 5
      when u = 'J' then 7 when u = 'FF' then 9 when u ~ '^FF' then substr(u, 3)::int when u in ('Y') then 1
      when u in ('YY', 'RR', 'MM', 'DD', 'HH24', 'HH12', 'HH', 'MI', 'SS', 'TZM') then 2 end;
    if width is null then
      perform ora.raise(1820, 'format code cannot appear in date input format');
    end if;
    m := substring(rest from '^[0-9]{1,' || width || '}');
    if m is null then
      if rest = '' then continue; end if;
      if u in ('MM') and rest ~ '^[A-Za-z]{3}' then
        m := substring(rest from '^[A-Za-z]{3}'); mo := ora.month_number(m);
        if mo is null then perform ora.raise(1843, 'not a valid month'); end if;
        rest := substr(rest, 4);
        continue;
      end if;
      perform ora.raise(1858, 'a non-numeric character was found where a numeric was expected');
    end if;
    rest := substr(rest, length(m) + 1);
    case
      when u in ('YYYY', 'SYYYY') then y := m::int;
      when u = 'RRRR' and length(m) > 2 then y := m::int;
      when u in ('RR', 'RRRR') then y := m::int + case when m::int < 50 then 2000 else 1900 end;
      when u in ('YY', 'YYY', 'Y') then y := m::int + (y / (10 ^ width)::int) * (10 ^ width)::int;
      when u = 'MM' then mo := m::int;
      when u = 'DD' then d := m::int;
      when u = 'DDD' then doy := m::int;
      when u = 'J' then julian := m::int;
      when u = 'HH24' then h := m::int;
      when u in ('HH', 'HH12') then
        h := m::int;
        if h not between 1 and 12 then perform ora.raise(1849, 'hour must be between 1 and 12'); end if;
      when u = 'MI' then mi := m::int;
      when u = 'SS' then sec := m::int;
      when u = 'SSSSS' then secs := m::int;
      when u = 'TZM' then zm := m::int;
      else frac := ('0.' || m)::varchar::numeric;
    end case;
  end loop;
  if btrim(rest) <> '' then
    perform ora.raise(1830, 'date format picture ends before converting entire input string');
  end if;
  if y not between 1 and 9999 then perform ora.raise(1841, '(full) year must be between -4713 and +9999, and not be 0'); end if;
  if mo not between 1 and 12 then perform ora.raise(1843, 'not a valid month'); end if;
  if d not between 1 and 31 then perform ora.raise(1847, 'day of month must be between 1 and last day of month'); end if;
  if h not between 0 and 23 then perform ora.raise(1850, 'hour must be between 0 and 23'); end if;
  if mi > 59 then perform ora.raise(1851, 'minutes must be between 0 and 59'); end if;
  if sec > 59 then perform ora.raise(1852, 'seconds must be between 0 and 59'); end if;
  if pm is not null then h := h % 12 + case when pm then 12 else 0 end; end if;
  if d > extract(day from make_date(y, mo, 1) + interval '1 month - 1 day') then
    perform ora.raise(1839, 'date not valid for month specified');
  end if;
  at := make_timestamp(y, mo, d, h, mi, 0) + (sec + frac) * interval '1 second';
  if julian is not null then at := timestamp '4714-11-24 BC' + julian * interval '1 day'; end if;
  if doy is not null then at := make_timestamp(y, 1, 1, h, mi, 0) + (doy - 1) * interval '1 day' + (sec + frac) * interval '1 second'; end if;
  if secs is not null then at := date_trunc('day', at) + secs * interval '1 second'; end if;
  if zh is not null then zone := make_interval(hours => zh, mins => sign(zh)::int * zm); end if;
end $$;

create function ora.to_date(s text, fmt text) returns ora.date language sql stable begin atomic select date_trunc('second', (ora.read_date(s, fmt)).at)::ora.date; end;
create function ora.to_date(s text) returns ora.date language sql stable begin atomic select ora.to_date(s, ora.nls_date_format()); end;
create function ora.to_timestamp(s text, fmt text) returns timestamp language sql stable begin atomic select (ora.read_date(s, fmt)).at; end;
create function ora.to_timestamp(s text) returns timestamp language sql stable begin atomic select (ora.read_date(s, ora.nls_timestamp_format())).at; end;
create function ora.to_timestamp_tz(s text, fmt text) returns timestamptz language sql stable begin atomic select case when r.zone is null then r.at::timestamptz else (r.at - r.zone) at time zone 'UTC' end from ora.read_date(s, fmt) r; end;
create function ora.to_timestamp_tz(s text) returns timestamptz language sql stable begin atomic select ora.to_timestamp_tz(s, ora.nls_timestamp_tz_format()); end;

-- Text of anything, by the session's formats.
create function ora.txt(x text) returns text language sql immutable parallel safe begin atomic select x; end;
create function ora.txt(x bpchar) returns text language sql immutable parallel safe begin atomic select format('%s', x); end;
create function ora.txt(x numeric) returns text language sql immutable parallel safe begin atomic select ora.num_text(x); end;
create function ora.txt(x float8) returns text language sql immutable parallel safe begin atomic select x::text; end;
create function ora.txt(x timestamptz) returns text language sql stable begin atomic select to_char(x, ora.date_format(ora.nls_timestamp_tz_format())); end;
create function ora.txt(x timestamp) returns text language sql stable begin atomic select to_char(x, ora.date_format(ora.nls_timestamp_format())); end;
create function ora.txt(x ora.date) returns text language sql stable begin atomic select to_char(x::timestamp, ora.date_format(ora.nls_date_format())); end;
create function ora.txt(x bytea) returns text language sql immutable parallel safe begin atomic select upper(encode(x, 'hex')); end;
create function ora.txt(x interval) returns text language sql immutable parallel safe begin atomic select case when x < interval '0' then '-' else '+' end || to_char(abs(extract(epoch from x)::bigint) / 86400, 'FM999999900')
   || ' ' || to_char((abs(extract(epoch from x)) % 86400) * interval '1 second', 'HH24:MI:SS.US'); end;

create function ora.to_char(x text) returns text language sql immutable parallel safe begin atomic select x; end;
create function ora.to_char(x numeric) returns text language sql immutable parallel safe begin atomic select ora.num_text(x); end;
create function ora.to_char(x float8) returns text language sql immutable parallel safe begin atomic select x::text; end;
create function ora.to_char(x ora.date) returns text language sql stable begin atomic select ora.txt(x); end;
create function ora.to_char(x timestamp) returns text language sql stable begin atomic select ora.txt(x); end;
create function ora.to_char(x timestamptz) returns text language sql stable begin atomic select ora.txt(x); end;
create function ora.to_char(x interval) returns text language sql immutable begin atomic select ora.txt(x); end;
create function ora.to_char(x timestamp, fmt text) returns text language sql stable begin atomic select nullif(pg_catalog.to_char(x, ora.date_format(fmt)), ''); end;
create function ora.to_char(x timestamptz, fmt text) returns text language sql stable begin atomic select nullif(pg_catalog.to_char(x, ora.date_format(fmt)), ''); end;
create function ora.to_char(x numeric, fmt text) returns text language plpgsql immutable strict parallel safe set search_path = pg_catalog as $$
declare
  f text := upper(fmt);
  shown text;
  digits int;
begin
  if f ~ '^(FM)?0*X+$' then
    if x <> trunc(x) or x < 0 then return repeat('#', length(fmt) + 1); end if;
    shown := upper(to_hex(x::bigint));
    digits := length(replace(f, 'FM', ''));
    if length(shown) > digits then return repeat('#', digits + 1); end if;
    if f ~ '0' then shown := lpad(shown, digits, '0'); end if;
    return case when f like 'FM%' then shown else lpad(shown, digits + 1) end;
  end if;
  if f = 'TM' or f = 'TM9' then return ora.num_text(x); end if;
  if f !~ '^(FM)?[S]?[$]?[09,.GDLVB$]+(EEEE)?(MI|PR|S)?$' or f !~ '[09]' then
    perform ora.raise(1481, 'invalid number format model');
  end if;
  digits := length(regexp_replace(split_part(split_part(replace(f, 'FM', ''), '.', 1), 'D', 1), '[^09]', '', 'g'));
  if f !~ 'EEEE' and length(trunc(abs(round(x, case when f ~ '[.D]' then length(regexp_replace(regexp_replace(f, '^.*[.D]', ''), '[^09]', '', 'g')) else 0 end)))::varchar) > greatest(digits, 1) then
    return repeat('#', length(replace(f, 'FM', '')) + case when f ~ '(S|MI|PR)' then 0 else 1 end);
  end if;
  shown := pg_catalog.to_char(x, replace(replace(f, '$', ''), 'L', ''));
  if f ~ '[$L]' then
    shown := regexp_replace(shown, '^( *)([-<+]?)', '\1\2$');
  end if;
  return shown;
end $$;
create function ora.to_number(s text, fmt text) returns numeric language plpgsql immutable strict parallel safe set search_path = pg_catalog as $$
begin
  if upper(fmt) ~ '^(FM)?0*X+$' then
    if s !~ '^[0-9A-Fa-f]+$' then perform ora.raise(1722, 'invalid number'); end if;
    return ('x' || lpad(s, 16, '0'))::bit(64)::bigint;
  end if;
  return ora.to_number(replace(replace(replace(s, ',', ''), '$', ''), ' ', ''));
end $$;

-- Strings.
create function ora.concat(a text, b text) returns text language sql immutable parallel safe begin atomic select nullif(coalesce(a, '') || coalesce(b, ''), ''); end;
create function ora.substr(s text, p numeric, n numeric) returns text language plpgsql immutable strict parallel safe set search_path = pg_catalog as $$
declare
  at int := trunc(p);
  len int := trunc(n);
begin
  if len < 1 then return null; end if;
  if at = 0 then at := 1; end if;
  if at < 0 then
    at := length(s) + at + 1;
    if at < 1 then return null; end if;
  end if;
  return nullif(substr(s, at, len), '');
end $$;
create function ora.substr(s text, p numeric) returns text language sql immutable parallel safe begin atomic select ora.substr(s, p, 2000000000); end;
create function ora.instr(s text, sub text, p numeric default 1, n numeric default 1) returns numeric
language plpgsql immutable strict parallel safe set search_path = pg_catalog as $$
declare
  at int := trunc(p);
  left_over int := trunc(n);
begin
  if left_over < 1 then perform ora.raise(1428, 'argument ''' || n || ''' is out of range'); end if;
  if at = 0 then return 0; end if;
  if at > 0 then
    for i in at .. length(s) - length(sub) + 1 loop
      if pg_catalog.substr(s, i, length(sub)) = sub then
        left_over := left_over - 1;
        if left_over = 0 then return i; end if;
      end if;
    end loop;
  else
    for i in reverse least(length(s) + at + 1, length(s) - length(sub) + 1) .. 1 loop
      if pg_catalog.substr(s, i, length(sub)) = sub then
        left_over := left_over - 1;
        if left_over = 0 then return i; end if;
      end if;
    end loop;
  end if;
  return 0;
end $$;
create function ora.length(s text) returns numeric language sql immutable strict parallel safe begin atomic select nullif(pg_catalog.length(s), 0)::numeric; end;
create function ora.lengthb(s text) returns numeric language sql immutable strict parallel safe begin atomic select nullif(octet_length(s), 0)::numeric; end;
create function ora.lob_length(b bytea) returns numeric language sql immutable strict parallel safe begin atomic select octet_length(b)::numeric; end;
create function ora.lob_length(s text) returns numeric language sql immutable strict parallel safe begin atomic select pg_catalog.length(s)::numeric; end;
create function ora.replace(s text, a text, b text default null) returns text language sql immutable parallel safe begin atomic select case when a is null then s else nullif(pg_catalog.replace(s, a, coalesce(b, '')), '') end; end;
create function ora.translate(s text, a text, b text) returns text language sql immutable strict parallel safe begin atomic select nullif(pg_catalog.translate(s, a, b), ''); end;
create function ora.lpad(s text, n numeric, p text default ' ') returns text language sql immutable strict parallel safe begin atomic select nullif(pg_catalog.lpad(s, trunc(n)::int, p), ''); end;
create function ora.rpad(s text, n numeric, p text default ' ') returns text language sql immutable strict parallel safe begin atomic select nullif(pg_catalog.rpad(s, trunc(n)::int, p), ''); end;
create function ora.trim(how text, what text, s text) returns text language plpgsql immutable strict parallel safe set search_path = pg_catalog as $$
begin
  if pg_catalog.length(what) <> 1 and how like 'T%' then
    perform ora.raise(30001, 'trim set should have only one character');
  end if;
  return nullif(case how when 'TLEADING' then pg_catalog.ltrim(s, what) when 'TTRAILING' then pg_catalog.rtrim(s, what)
    when 'L' then pg_catalog.ltrim(s, what) when 'R' then pg_catalog.rtrim(s, what) else btrim(s, what) end, '');
end $$;
create function ora.ltrim(s text, what text default ' ') returns text language sql immutable strict parallel safe begin atomic select ora.trim('L', what, s); end;
create function ora.rtrim(s text, what text default ' ') returns text language sql immutable strict parallel safe begin atomic select ora.trim('R', what, s); end;
create function ora.ascii(s text) returns numeric language sql immutable strict parallel safe begin atomic select pg_catalog.ascii(s)::numeric; end;
create function ora.chr(n numeric) returns text language sql immutable strict parallel safe begin atomic select pg_catalog.chr(n::int); end;
create function ora.regexp_flags(f text) returns text language sql immutable parallel safe begin atomic select case when f ~ 'i' and f !~ 'c' then 'i' else 'c' end || case when f ~ 'x' then 'x' else '' end
    || case when f ~ 'n' and f ~ 'm' then 'w' when f ~ 'n' then 's' when f ~ 'm' then 'n' else 'p' end; end;
create function ora.regexp_like(s text, p text, f text default 'c') returns boolean language sql immutable parallel safe begin atomic select pg_catalog.regexp_like(s, p, ora.regexp_flags(f)); end;
create function ora.regexp_substr(s text, p text, at numeric default 1, n numeric default 1, f text default 'c', g numeric default 0)
returns text language sql immutable parallel safe begin atomic select nullif(pg_catalog.regexp_substr(s, p, at::int, n::int, ora.regexp_flags(f), g::int), ''); end;
create function ora.regexp_instr(s text, p text, at numeric default 1, n numeric default 1, o numeric default 0, f text default 'c')
returns numeric language sql immutable parallel safe begin atomic select pg_catalog.regexp_instr(s, p, at::int, n::int, o::int, ora.regexp_flags(f))::numeric; end;
create function ora.regexp_count(s text, p text, at numeric default 1, f text default 'c') returns numeric
language sql immutable parallel safe begin atomic select pg_catalog.regexp_count(s, p, at::int, ora.regexp_flags(f))::numeric; end;
create function ora.regexp_replace(s text, p text, r text default null, at numeric default 1, n numeric default 0, f text default 'c')
returns text language sql immutable parallel safe begin atomic select nullif(pg_catalog.regexp_replace(s, p, coalesce(r, ''), at::int, n::int, ora.regexp_flags(f)), ''); end;
create function ora.hextoraw(s text) returns bytea language plpgsql immutable strict parallel safe set search_path = pg_catalog as $$
begin
  if s !~ '^([0-9A-Fa-f])*$' then perform ora.raise(1465, 'invalid hex number'); end if;
  return decode(case when pg_catalog.length(s) % 2 = 1 then '0' || s else s end, 'hex');
end $$;

-- Dates and times. The clock may be driven ("oracle.clock" holds its seconds since the epoch then).
create function ora.now() returns timestamptz language sql stable begin atomic select coalesce(to_timestamp(ora.setting('clock')::varchar::float8), statement_timestamp()); end;
create function ora.sysdate() returns ora.date language sql stable begin atomic select date_trunc('second', ora.now() at time zone 'UTC')::ora.date; end;
create function ora.current_date() returns ora.date language sql stable begin atomic select date_trunc('second', ora.now()::timestamp)::ora.date; end;
create function ora.localtimestamp() returns timestamp language sql stable begin atomic select ora.now()::timestamp; end;

create function ora.date_plus(d timestamp, n numeric) returns ora.date language sql immutable parallel safe begin atomic select date_trunc('second', d + round(n * 86400) * interval '1 second')::ora.date; end;
create function ora.date_plus(n numeric, d timestamp) returns ora.date language sql immutable parallel safe begin atomic select ora.date_plus(d, n); end;
create function ora.date_minus(d timestamp, n numeric) returns ora.date language sql immutable parallel safe begin atomic select ora.date_plus(d, -n); end;
create function ora.date_plus_z(d timestamptz, n numeric) returns ora.date language sql stable begin atomic select ora.date_plus(d::timestamp, n); end;
create function ora.date_minus_z(d timestamptz, n numeric) returns ora.date language sql stable begin atomic select ora.date_plus(d::timestamp, -n); end;
create function ora.days_between(a ora.date, b ora.date) returns numeric language sql immutable parallel safe begin atomic select trim_scale(ora.divide(extract(epoch from a::timestamp - b::timestamp), 86400)); end;
create function ora.date_plus_interval(d ora.date, i interval) returns ora.date language sql immutable parallel safe begin atomic select (d::timestamp + i)::ora.date; end;
create function ora.date_minus_interval(d ora.date, i interval) returns ora.date language sql immutable parallel safe begin atomic select (d::timestamp - i)::ora.date; end;
create operator ora.+ (leftarg = timestamp, rightarg = numeric, function = ora.date_plus);
create operator ora.+ (leftarg = numeric, rightarg = timestamp, function = ora.date_plus);
create operator ora.- (leftarg = timestamp, rightarg = numeric, function = ora.date_minus);
create operator ora.+ (leftarg = timestamptz, rightarg = numeric, function = ora.date_plus_z);
create operator ora.- (leftarg = timestamptz, rightarg = numeric, function = ora.date_minus_z);
create operator ora.- (leftarg = ora.date, rightarg = ora.date, function = ora.days_between);
create operator ora.+ (leftarg = ora.date, rightarg = interval, function = ora.date_plus_interval);
create operator ora.- (leftarg = ora.date, rightarg = interval, function = ora.date_minus_interval);

create function ora.trunc_date(d timestamp, fmt text) returns ora.date language plpgsql immutable strict parallel safe set search_path = pg_catalog as $$
declare
  f text := upper(fmt);
  unit text := case
    when f in ('DD', 'DDD', 'J') then 'day' when f in ('MM', 'MON', 'MONTH', 'RM') then 'month'
    when f in ('YYYY', 'YEAR', 'SYYYY', 'YYY', 'YY', 'Y', 'SYEAR') then 'year' when f = 'Q' then 'quarter'
    when f in ('HH', 'HH12', 'HH24') then 'hour' when f = 'MI' then 'minute' when f = 'IW' then 'week'
    when f in ('CC', 'SCC') then 'century' end;
begin
  if f in ('DAY', 'DY', 'D') then
    return date_trunc('day', d) - extract(dow from d) * interval '1 day';
  elsif f = 'WW' then
    return date_trunc('day', d) - ((extract(doy from d)::int - 1) % 7) * interval '1 day';
  elsif f = 'W' then
    return date_trunc('day', d) - ((extract(day from d)::int - 1) % 7) * interval '1 day';
  elsif f in ('IYYY', 'IYY', 'IY', 'I') then
    return date_trunc('week', make_date(extract(isoyear from d)::int, 1, 4)::timestamp);
  elsif unit is null then
    perform ora.raise(1898, 'too many precision specifiers');
  end if;
  return date_trunc(unit, d);
end $$;
create function ora.trunc(d timestamp) returns ora.date language sql immutable parallel safe begin atomic select date_trunc('day', d)::ora.date; end;
create function ora.trunc(d timestamp, fmt text) returns ora.date language sql immutable parallel safe begin atomic select ora.trunc_date(d, fmt); end;
create function ora.trunc(d timestamptz) returns ora.date language sql stable begin atomic select ora.trunc(d::timestamp); end;
create function ora.trunc(d timestamptz, fmt text) returns ora.date language sql stable begin atomic select ora.trunc_date(d::timestamp, fmt); end;
create function ora.trunc(x numeric) returns numeric language sql immutable parallel safe begin atomic select pg_catalog.trunc(x); end;
create function ora.trunc(x numeric, n numeric) returns numeric language sql immutable parallel safe begin atomic select ora.trunc_number(x, n); end;
create function ora.trunc(x text) returns numeric language sql immutable parallel safe begin atomic select pg_catalog.trunc(ora.to_number(x)); end;
create function ora.trunc(x text, n numeric) returns numeric language sql immutable parallel safe begin atomic select ora.trunc_number(ora.to_number(x), n); end;
create function ora.round(x numeric) returns numeric language sql immutable parallel safe begin atomic select pg_catalog.round(x); end;
create function ora.round(x numeric, n numeric) returns numeric language sql immutable parallel safe begin atomic select ora.round_number(x, n); end;
create function ora.round(x text) returns numeric language sql immutable parallel safe begin atomic select pg_catalog.round(ora.to_number(x)); end;
create function ora.round(x text, n numeric) returns numeric language sql immutable parallel safe begin atomic select ora.round_number(ora.to_number(x), n); end;
create function ora.round(d timestamp, fmt text) returns ora.date language plpgsql immutable strict parallel safe set search_path = pg_catalog as $$
declare
  f text := upper(fmt);
begin
  return case
    when f in ('DD', 'DDD', 'J') then date_trunc('day', d + interval '12 hours')
    when f in ('HH', 'HH12', 'HH24') then date_trunc('hour', d + interval '30 minutes')
    when f = 'MI' then date_trunc('minute', d + interval '30 seconds')
    when f in ('MM', 'MON', 'MONTH', 'RM') then date_trunc('month', d) + case when extract(day from d) >= 16 then interval '1 month' else interval '0' end
    when f in ('YYYY', 'YEAR', 'SYYYY', 'YYY', 'YY', 'Y') then date_trunc('year', d) + case when extract(month from d) >= 7 then interval '1 year' else interval '0' end
    else ora.raise(1898, 'too many precision specifiers')::timestamp end;
end $$;
create function ora.round(d timestamp) returns ora.date language sql immutable parallel safe begin atomic select ora.round(d, 'DD'); end;
create function ora.last_day(d timestamp) returns ora.date language sql immutable parallel safe begin atomic select (date_trunc('month', d) + interval '1 month - 1 day' + (d - date_trunc('day', d)))::ora.date; end;
create function ora.add_months(d timestamp, n numeric) returns ora.date language sql immutable parallel safe begin atomic select case when d::date = ora.last_day(d)::date then ora.last_day(d + trunc(n)::int * interval '1 month')
     else (d + trunc(n)::int * interval '1 month')::ora.date end; end;
create function ora.months_between(a timestamp, b timestamp) returns numeric language sql immutable parallel safe begin atomic select case when extract(day from a) = extract(day from b) or (a::date = ora.last_day(a)::date and b::date = ora.last_day(b)::date)
    then (extract(year from a) - extract(year from b)) * 12 + extract(month from a) - extract(month from b)
    else (extract(year from a) - extract(year from b)) * 12 + extract(month from a) - extract(month from b)
      + ora.divide(extract(epoch from (a - date_trunc('month', a)) - (b - date_trunc('month', b))), 2678400) end; end;
create function ora.next_day(d timestamp, day text) returns ora.date language plpgsql immutable strict parallel safe set search_path = pg_catalog as $$
declare
  wanted int := array_position(array['SUN','MON','TUE','WED','THU','FRI','SAT'], upper(pg_catalog.substr(day, 1, 3))) - 1;
begin
  if wanted is null then perform ora.raise(1846, 'not a valid day of the week'); end if;
  return d + ((wanted - extract(dow from d)::int + 6) % 7 + 1) * interval '1 day';
end $$;
create function ora.numtodsinterval(n numeric, unit text) returns interval language plpgsql immutable strict parallel safe set search_path = pg_catalog as $$
begin
  return n * case upper(unit) when 'DAY' then interval '24 hours' when 'HOUR' then interval '1 hour'
    when 'MINUTE' then interval '1 minute' when 'SECOND' then interval '1 second'
    else ora.raise(1760, 'illegal argument for function')::interval end;
end $$;

-- NVL and its like: the second argument takes the first one's type.
create function ora.nvl(a text, b text) returns text language sql immutable parallel safe begin atomic select coalesce(a, b); end;
create function ora.nvl(a numeric, b numeric) returns numeric language sql immutable parallel safe begin atomic select coalesce(a, b); end;
create function ora.nvl(a numeric, b text) returns numeric language sql immutable parallel safe begin atomic select coalesce(a, ora.to_number(b)); end;
create function ora.nvl(a text, b numeric) returns text language sql immutable parallel safe begin atomic select coalesce(a, ora.num_text(b)); end;
create function ora.nvl(a ora.date, b ora.date) returns ora.date language sql immutable parallel safe begin atomic select coalesce(a, b); end;
create function ora.nvl(a ora.date, b text) returns ora.date language sql stable begin atomic select coalesce(a, ora.to_date(b)); end;
create function ora.nvl(a text, b ora.date) returns text language sql stable begin atomic select coalesce(a, ora.txt(b)); end;
create function ora.nvl(a timestamp, b timestamp) returns timestamp language sql immutable parallel safe begin atomic select coalesce(a, b); end;
create function ora.nvl(a timestamptz, b timestamptz) returns timestamptz language sql immutable parallel safe begin atomic select coalesce(a, b); end;
create function ora.nvl(a bytea, b bytea) returns bytea language sql immutable parallel safe begin atomic select coalesce(a, b); end;
create function ora.nvl(a float8, b float8) returns float8 language sql immutable parallel safe begin atomic select coalesce(a, b); end;

create function ora.least_date(a ora.date, b ora.date) returns ora.date language sql immutable parallel safe begin atomic select case when b is null or a <= b then a else b end; end;
create function ora.greatest_date(a ora.date, b ora.date) returns ora.date language sql immutable parallel safe begin atomic select case when b is null or a >= b then a else b end; end;
create function ora.min_date(a ora.date, b ora.date) returns ora.date language sql immutable parallel safe begin atomic select case when a is null or b < a then b else a end; end;
create function ora.max_date(a ora.date, b ora.date) returns ora.date language sql immutable parallel safe begin atomic select case when a is null or b > a then b else a end; end;
create aggregate ora.min(ora.date) (sfunc = ora.min_date, stype = ora.date);
create aggregate ora.max(ora.date) (sfunc = ora.max_date, stype = ora.date);

-- JSON over text columns; a fault in the document gives NULL (NULL ON ERROR, the default).
create function ora.json_value(doc text, path text) returns text language plpgsql immutable parallel safe set search_path = pg_catalog as $$
declare
  found jsonb;
begin
  found := jsonb_path_query_first(doc::jsonb, path::jsonpath);
  if jsonb_typeof(found) in ('object', 'array') then return null; end if;
  return nullif(found #>> '{}', '');
exception when data_exception or invalid_text_representation then return null;
end $$;
create function ora.json_query(doc text, path text) returns text language plpgsql immutable parallel safe set search_path = pg_catalog as $$
declare
  found jsonb;
begin
  found := jsonb_path_query_first(doc::jsonb, path::jsonpath);
  if jsonb_typeof(found) in ('object', 'array') then return found::text; end if;
  return null;
exception when data_exception or invalid_text_representation then return null;
end $$;
create function ora.json_exists(doc text, path text) returns boolean language plpgsql immutable parallel safe set search_path = pg_catalog as $$
begin
  return coalesce(jsonb_path_exists(doc::jsonb, path::jsonpath), false);
exception when data_exception or invalid_text_representation then return false;
end $$;
create function ora.json_compact(doc json) returns text language plpgsql immutable parallel safe set search_path = pg_catalog as $$
begin
  return case json_typeof(doc)
    when 'object' then '{' || coalesce((select string_agg(to_json(key)::text || ':' || ora.json_compact(value), ',' order by n) from json_each(doc) with ordinality e (key, value, n)), '') || '}'
    when 'array' then '[' || coalesce((select string_agg(ora.json_compact(value), ',' order by n) from json_array_elements(doc) with ordinality e (value, n)), '') || ']'
    else doc::text end;
end $$;
create function ora.is_json(doc text) returns boolean language sql immutable parallel safe begin atomic select doc is json; end;

-- Column checks that report as Oracle does.
create function ora.fits(v text, most int, chars boolean, owner text, tab text, col text) returns boolean
language plpgsql immutable parallel safe set search_path = pg_catalog as $$
declare
  actual int := case when chars then pg_catalog.length(v) else octet_length(v) end;
begin
  if actual > most then
    perform ora.raise(12899, format('value too large for column "%s"."%s"."%s" (actual: %s, maximum: %s)', owner, tab, col, actual, most));
  end if;
  return true;
end $$;
create function ora.fits(v bytea, most int, chars boolean, owner text, tab text, col text) returns boolean
language plpgsql immutable parallel safe set search_path = pg_catalog as $$
begin
  if octet_length(v) > most then
    perform ora.raise(12899, format('value too large for column "%s"."%s"."%s" (actual: %s, maximum: %s)', owner, tab, col, octet_length(v), most));
  end if;
  return true;
end $$;

-- Comparisons and arithmetic with implicit conversion: a string beside a number becomes a number, beside a date a date.

create function ora.eq(a text, b numeric) returns boolean language sql immutable begin atomic select ora.to_number(a) operator(pg_catalog.=) b; end;
create function ora.eq(a numeric, b text) returns boolean language sql immutable begin atomic select a operator(pg_catalog.=) ora.to_number(b); end;
create operator ora.= (leftarg = text, rightarg = numeric, function = ora.eq);
create operator ora.= (leftarg = numeric, rightarg = text, function = ora.eq);
create function ora.ne(a text, b numeric) returns boolean language sql immutable begin atomic select ora.to_number(a) operator(pg_catalog.<>) b; end;
create function ora.ne(a numeric, b text) returns boolean language sql immutable begin atomic select a operator(pg_catalog.<>) ora.to_number(b); end;
create operator ora.<> (leftarg = text, rightarg = numeric, function = ora.ne);
create operator ora.<> (leftarg = numeric, rightarg = text, function = ora.ne);
create function ora.lt(a text, b numeric) returns boolean language sql immutable begin atomic select ora.to_number(a) operator(pg_catalog.<) b; end;
create function ora.lt(a numeric, b text) returns boolean language sql immutable begin atomic select a operator(pg_catalog.<) ora.to_number(b); end;
create operator ora.< (leftarg = text, rightarg = numeric, function = ora.lt);
create operator ora.< (leftarg = numeric, rightarg = text, function = ora.lt);
create function ora.le(a text, b numeric) returns boolean language sql immutable begin atomic select ora.to_number(a) operator(pg_catalog.<=) b; end;
create function ora.le(a numeric, b text) returns boolean language sql immutable begin atomic select a operator(pg_catalog.<=) ora.to_number(b); end;
create operator ora.<= (leftarg = text, rightarg = numeric, function = ora.le);
create operator ora.<= (leftarg = numeric, rightarg = text, function = ora.le);
create function ora.gt(a text, b numeric) returns boolean language sql immutable begin atomic select ora.to_number(a) operator(pg_catalog.>) b; end;
create function ora.gt(a numeric, b text) returns boolean language sql immutable begin atomic select a operator(pg_catalog.>) ora.to_number(b); end;
create operator ora.> (leftarg = text, rightarg = numeric, function = ora.gt);
create operator ora.> (leftarg = numeric, rightarg = text, function = ora.gt);
create function ora.ge(a text, b numeric) returns boolean language sql immutable begin atomic select ora.to_number(a) operator(pg_catalog.>=) b; end;
create function ora.ge(a numeric, b text) returns boolean language sql immutable begin atomic select a operator(pg_catalog.>=) ora.to_number(b); end;
create operator ora.>= (leftarg = text, rightarg = numeric, function = ora.ge);
create operator ora.>= (leftarg = numeric, rightarg = text, function = ora.ge);
create function ora.eq(a text, b timestamp) returns boolean language sql stable begin atomic select ora.to_date(a)::timestamp operator(pg_catalog.=) b; end;
create function ora.eq(a timestamp, b text) returns boolean language sql stable begin atomic select a operator(pg_catalog.=) ora.to_date(b)::timestamp; end;
create operator ora.= (leftarg = text, rightarg = timestamp, function = ora.eq);
create operator ora.= (leftarg = timestamp, rightarg = text, function = ora.eq);
create function ora.ne(a text, b timestamp) returns boolean language sql stable begin atomic select ora.to_date(a)::timestamp operator(pg_catalog.<>) b; end;
create function ora.ne(a timestamp, b text) returns boolean language sql stable begin atomic select a operator(pg_catalog.<>) ora.to_date(b)::timestamp; end;
create operator ora.<> (leftarg = text, rightarg = timestamp, function = ora.ne);
create operator ora.<> (leftarg = timestamp, rightarg = text, function = ora.ne);
create function ora.lt(a text, b timestamp) returns boolean language sql stable begin atomic select ora.to_date(a)::timestamp operator(pg_catalog.<) b; end;
create function ora.lt(a timestamp, b text) returns boolean language sql stable begin atomic select a operator(pg_catalog.<) ora.to_date(b)::timestamp; end;
create operator ora.< (leftarg = text, rightarg = timestamp, function = ora.lt);
create operator ora.< (leftarg = timestamp, rightarg = text, function = ora.lt);
create function ora.le(a text, b timestamp) returns boolean language sql stable begin atomic select ora.to_date(a)::timestamp operator(pg_catalog.<=) b; end;
create function ora.le(a timestamp, b text) returns boolean language sql stable begin atomic select a operator(pg_catalog.<=) ora.to_date(b)::timestamp; end;
create operator ora.<= (leftarg = text, rightarg = timestamp, function = ora.le);
create operator ora.<= (leftarg = timestamp, rightarg = text, function = ora.le);
create function ora.gt(a text, b timestamp) returns boolean language sql stable begin atomic select ora.to_date(a)::timestamp operator(pg_catalog.>) b; end;
create function ora.gt(a timestamp, b text) returns boolean language sql stable begin atomic select a operator(pg_catalog.>) ora.to_date(b)::timestamp; end;
create operator ora.> (leftarg = text, rightarg = timestamp, function = ora.gt);
create operator ora.> (leftarg = timestamp, rightarg = text, function = ora.gt);
create function ora.ge(a text, b timestamp) returns boolean language sql stable begin atomic select ora.to_date(a)::timestamp operator(pg_catalog.>=) b; end;
create function ora.ge(a timestamp, b text) returns boolean language sql stable begin atomic select a operator(pg_catalog.>=) ora.to_date(b)::timestamp; end;
create operator ora.>= (leftarg = text, rightarg = timestamp, function = ora.ge);
create operator ora.>= (leftarg = timestamp, rightarg = text, function = ora.ge);
create function ora.add(a text, b numeric) returns numeric language sql immutable begin atomic select ora.num(a) operator(pg_catalog.+) ora.num(b); end;
create operator ora.+ (leftarg = text, rightarg = numeric, function = ora.add);
create function ora.add(a numeric, b text) returns numeric language sql immutable begin atomic select ora.num(a) operator(pg_catalog.+) ora.num(b); end;
create operator ora.+ (leftarg = numeric, rightarg = text, function = ora.add);
create function ora.add(a text, b text) returns numeric language sql immutable begin atomic select ora.num(a) operator(pg_catalog.+) ora.num(b); end;
create operator ora.+ (leftarg = text, rightarg = text, function = ora.add);
create function ora.sub(a text, b numeric) returns numeric language sql immutable begin atomic select ora.num(a) operator(pg_catalog.-) ora.num(b); end;
create operator ora.- (leftarg = text, rightarg = numeric, function = ora.sub);
create function ora.sub(a numeric, b text) returns numeric language sql immutable begin atomic select ora.num(a) operator(pg_catalog.-) ora.num(b); end;
create operator ora.- (leftarg = numeric, rightarg = text, function = ora.sub);
create function ora.sub(a text, b text) returns numeric language sql immutable begin atomic select ora.num(a) operator(pg_catalog.-) ora.num(b); end;
create operator ora.- (leftarg = text, rightarg = text, function = ora.sub);
create function ora.mul(a text, b numeric) returns numeric language sql immutable begin atomic select ora.num(a) operator(pg_catalog.*) ora.num(b); end;
create operator ora.* (leftarg = text, rightarg = numeric, function = ora.mul);
create function ora.mul(a numeric, b text) returns numeric language sql immutable begin atomic select ora.num(a) operator(pg_catalog.*) ora.num(b); end;
create operator ora.* (leftarg = numeric, rightarg = text, function = ora.mul);
create function ora.mul(a text, b text) returns numeric language sql immutable begin atomic select ora.num(a) operator(pg_catalog.*) ora.num(b); end;
create operator ora.* (leftarg = text, rightarg = text, function = ora.mul);
create function ora.divide(a text, b numeric) returns numeric language sql immutable begin atomic select ora.divide(ora.num(a), ora.num(b)); end;
create operator ora./ (leftarg = text, rightarg = numeric, function = ora.divide);
create function ora.divide(a numeric, b text) returns numeric language sql immutable begin atomic select ora.divide(ora.num(a), ora.num(b)); end;
create operator ora./ (leftarg = numeric, rightarg = text, function = ora.divide);
create function ora.divide(a text, b text) returns numeric language sql immutable begin atomic select ora.divide(ora.num(a), ora.num(b)); end;
create operator ora./ (leftarg = text, rightarg = text, function = ora.divide);
create function ora.date_plus(d timestamp, n text) returns ora.date language sql immutable begin atomic select ora.date_plus(d, ora.to_number(n)); end;
create function ora.date_minus(d timestamp, n text) returns ora.date language sql immutable begin atomic select ora.date_plus(d, -ora.to_number(n)); end;
create operator ora.+ (leftarg = timestamp, rightarg = text, function = ora.date_plus);
create operator ora.- (leftarg = timestamp, rightarg = text, function = ora.date_minus);

-- Assignment to a column of another type.
create function ora.assign_date(s text) returns timestamp language sql stable begin atomic select ora.to_date(s)::timestamp; end;
create function ora.assign_zoned(s text) returns timestamptz language sql stable begin atomic select ora.to_timestamp_tz(s); end;
create cast (text as numeric) with function ora.to_number(text) as assignment;
create cast (numeric as text) with function ora.num_text(numeric) as assignment;
create cast (text as timestamp) with function ora.assign_date(text) as assignment;
create cast (text as timestamptz) with function ora.assign_zoned(text) as assignment;
create cast (text as bytea) with function ora.hextoraw(text) as assignment;

-- Bytes of a text; a character that is cut in two is left out (Oracle puts blanks).
create function ora.substrb(s text, pos numeric, len numeric default null) returns text language plpgsql immutable as $$
declare
  bytes bytea := convert_to(s, 'UTF8');
  start int := case when pos > 0 then pos when pos = 0 then 1 else greatest(octet_length(s) + pos + 1, 1) end;
begin
  bytes := case when len is null then substring(bytes from start) when len < 1 then null else substring(bytes from start for len::int) end;
  loop
    begin
      return nullif(convert_from(bytes, 'UTF8'), '');
    exception when character_not_in_repertoire then
      bytes := substring(bytes from 1 for octet_length(bytes) - 1);
    end;
  end loop;
end $$;
-- SHA1, the default, is not had here.
create function ora.standard_hash(s text, method text default 'SHA1') returns bytea language plpgsql immutable as $$ begin
  return case upper(method) when 'SHA256' then sha256(convert_to(coalesce(s, ''), 'UTF8')) when 'SHA384' then sha384(convert_to(coalesce(s, ''), 'UTF8'))
    when 'SHA512' then sha512(convert_to(coalesce(s, ''), 'UTF8')) when 'MD5' then decode(md5(coalesce(s, '')), 'hex')
    else ora.raise(3001, 'unimplemented feature: STANDARD_HASH by ' || method)::bytea end; end $$;

reset search_path;
