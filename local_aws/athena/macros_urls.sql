-- URLs: the rules of java.net.URI, on which Trino builds ------------------------------------------------------------------
CREATE MACRO url_decode_form(s) AS url_decode(CASE WHEN regexp_matches(s, '%([^0-9A-Fa-f]|.[^0-9A-Fa-f]|.?$)')
  THEN left('', tr_fail('INVALID_FUNCTION_ARGUMENT: URLDecoder: Illegal hex characters in escape pattern')) ELSE replace(s, '+', ' ') END);
CREATE MACRO url_encode_form(s) AS replace(replace(replace(url_encode(s), '%20', '+'), '~', '%7E'), '%2A', '*');
CREATE MACRO tr_is_uri(u) AS
  regexp_full_match(u, '([A-Za-z0-9\-._~:/?#\[\]@!$&''()*+,;=]|%[0-9A-Fa-f]{2}|[^\x00-\x7F])*')
  AND NOT regexp_matches(u, '^[A-Za-z][A-Za-z0-9+.-]*:(//)?($|[?#])')
  AND NOT regexp_matches(u, '#.*#')
  AND NOT regexp_matches(regexp_extract(u, '^(?:[A-Za-z][A-Za-z0-9+.-]*:)?(?://[^/?#]*)?([^?#]*)', 1), '[\[\]]')
  AND NOT regexp_matches(u, '^([^A-Za-z/?#][^/?#:]*|[A-Za-z][^/?#:]*[^A-Za-z0-9+.:/?#-][^/?#:]*|):');
CREATE MACRO tr_raw_query(u) AS CASE WHEN regexp_matches(u, '^[^#]*\?') THEN regexp_extract(u, '^[^?#]*\?([^#]*)', 1) ELSE '' END;
CREATE MACRO url_extract_protocol(u) AS CASE WHEN tr_is_uri(u) THEN regexp_extract(u, '^([A-Za-z][A-Za-z0-9+.-]*):', 1) END;
CREATE MACRO tr_authority(u) AS regexp_extract(u, '^(?:[A-Za-z][A-Za-z0-9+.-]*:)?//(?:[^/?#@]*@)?([^/?#]*)', 1);
-- An authority that is no host with or without a port, such as one with an underscore, has neither.
CREATE MACRO tr_host_and_port() AS
  '^((?:(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)*[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.?)|[0-9]{1,3}(?:\.[0-9]{1,3}){3}|\[[0-9A-Fa-f:.]+\])(?::([0-9]*))?$';
CREATE MACRO url_extract_host(u) AS CASE WHEN tr_is_uri(u) THEN regexp_extract(tr_authority(u), tr_host_and_port(), 1) END;
CREATE MACRO url_extract_port(u) AS CASE WHEN tr_is_uri(u)
  THEN TRY_CAST(nullif(regexp_extract(tr_authority(u), tr_host_and_port(), 2), '') AS BIGINT) END;
CREATE MACRO url_extract_path(u) AS CASE WHEN tr_is_uri(u)
  THEN url_decode(regexp_extract(u, '^(?:[A-Za-z][A-Za-z0-9+.-]*:)?(?://[^/?#]*)?([^?#]*)', 1)) END;
CREATE MACRO url_extract_query(u) AS CASE WHEN tr_is_uri(u) THEN url_decode(tr_raw_query(u)) END;
CREATE MACRO url_extract_fragment(u) AS CASE WHEN tr_is_uri(u)
  THEN CASE WHEN contains(u, '#') THEN url_decode(regexp_extract(u, '#(.*)$', 1)) ELSE '' END END;
CREATE MACRO url_extract_parameter(u, name) AS CASE WHEN tr_is_uri(u) THEN list_first(list_transform(
  list_filter(string_split(tr_raw_query(u), '&'), lambda p: split_part(p, '=', 1) = name),
  lambda p: url_decode_form(substr(p, length(name) + 2)))) END;
