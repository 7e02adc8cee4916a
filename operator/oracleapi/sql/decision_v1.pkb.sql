CREATE OR REPLACE PACKAGE BODY oracleapi.decision_v1 AS
  -- No variable or constant may stand here: what a session keeps of a version that was dropped costs it an ORA-04068.
  e_refused EXCEPTION;
  PRAGMA EXCEPTION_INIT(e_refused, -20403);

  TYPE t_names IS TABLE OF BOOLEAN INDEX BY VARCHAR2(400);

  TYPE t_route IS RECORD (
    owner           api.owner%TYPE,
    label           api.label%TYPE,
    require_binding api.require_binding%TYPE,
    subject_claim   api.subject_claim%TYPE,
    groups_claim    api.groups_claim%TYPE,
    name            route.name%TYPE,
    auth            route.auth%TYPE,
    route_key       route.route_key%TYPE,
    link_key        route.link_key%TYPE
  );

  TYPE t_caller IS RECORD (
    subject VARCHAR2(400),
    users   t_names,
    groups  t_names,
    scopes  t_names,
    roles   t_names,
    overage BOOLEAN  -- its token says that its groups are elsewhere
  );

  FUNCTION is_managed(p_schema IN VARCHAR2) RETURN BOOLEAN IS
    v_count PLS_INTEGER;
  BEGIN
    SELECT COUNT(*) INTO v_count FROM managed_schema WHERE schema_name = p_schema;
    RETURN v_count > 0;
  END is_managed;

  FUNCTION is_check_account(p_proxy IN VARCHAR2) RETURN BOOLEAN IS
    v_count PLS_INTEGER;
  BEGIN
    SELECT COUNT(*) INTO v_count FROM setting WHERE name = 'check account' AND value = p_proxy;
    RETURN v_count = 1;
  END is_check_account;

  PROCEDURE note_fault(
    p_schema     IN VARCHAR2,
    p_request_id IN VARCHAR2,
    p_route      IN VARCHAR2,
    p_reason     IN VARCHAR2,
    p_detail     IN VARCHAR2
  ) IS
    PRAGMA AUTONOMOUS_TRANSACTION;
  BEGIN
    INSERT INTO fault (schema_name, request_id, route, reason, detail)
    VALUES (p_schema, SUBSTRB(p_request_id, 1, 128), SUBSTRB(p_route, 1, 192), SUBSTRB(p_reason, 1, 32),
            SUBSTRB(p_detail, 1, 400));
    COMMIT;
  END note_fault;

  -- Ends the decision. The reason travels in the exception: what a subprogram assigned to its OUT arguments is lost with it.
  PROCEDURE refuse(p_reason IN VARCHAR2) IS
  BEGIN
    RAISE_APPLICATION_ERROR(-20403, p_reason);
  END refuse;

  -- CGI variables and headers ----------------------------------------------------------------------------------------

  FUNCTION plain(p_name IN VARCHAR2) RETURN VARCHAR2 IS
  BEGIN
    RETURN UPPER(REPLACE(p_name, '-', '_'));
  END plain;

  -- Returns a CGI variable that must be there once: a client's header of the same name would make it two.
  FUNCTION variable(p_name IN VARCHAR2, p_needed IN BOOLEAN) RETURN VARCHAR2 IS
    v_found PLS_INTEGER := 0;
    v_value VARCHAR2(32767);
  BEGIN
    FOR i IN 1 .. owa.num_cgi_vars LOOP
      IF plain(owa.cgi_var_name(i)) = p_name THEN
        v_found := v_found + 1;
        v_value := owa.cgi_var_val(i);
      END IF;
    END LOOP;
    IF v_found > 1 OR (v_found = 0 AND p_needed) THEN
      refuse('Shadowed ' || p_name);
    END IF;
    RETURN v_value;
  END variable;

  -- Returns a request header; ORDS may give it under its own name or with HTTP_ before it, or both.
  FUNCTION header(p_header IN VARCHAR2) RETURN VARCHAR2 IS
    v_own   PLS_INTEGER := 0;
    v_long  PLS_INTEGER := 0;
    v_name  VARCHAR2(4000);
    v_plain VARCHAR2(400) := plain(p_header);
    v_value VARCHAR2(32767);
    v_other VARCHAR2(32767);
  BEGIN
    FOR i IN 1 .. owa.num_cgi_vars LOOP
      v_name := plain(owa.cgi_var_name(i));
      IF v_name = v_plain THEN
        v_own := v_own + 1;
        v_value := owa.cgi_var_val(i);
      ELSIF v_name = 'HTTP_' || v_plain THEN
        v_long := v_long + 1;
        v_other := owa.cgi_var_val(i);
      END IF;
    END LOOP;
    IF v_own > 1 OR v_long > 1 OR (v_own = 1 AND v_long = 1 AND NVL(v_value, ' ') <> NVL(v_other, ' ')) THEN
      refuse('Shadowed ' || v_plain);
    END IF;
    RETURN CASE WHEN v_own = 1 THEN v_value ELSE v_other END;
  END header;

  -- The route ---------------------------------------------------------------------------------------------------------

  -- Spellings that some server on the way may resolve into another path never match.
  FUNCTION is_disguised(p_path IN VARCHAR2) RETURN BOOLEAN IS
    v_path VARCHAR2(4000) := LOWER(p_path);
  BEGIN
    RETURN INSTR(v_path, '%2e') > 0 OR INSTR(v_path, '%2f') > 0 OR INSTR(v_path, '%5c') > 0 OR INSTR(v_path, '%3b') > 0
        OR INSTR(v_path, '%00') > 0 OR INSTR(v_path, '%25') > 0 OR INSTR(v_path, ';') > 0 OR INSTR(v_path, '\') > 0
        OR INSTR(v_path, '//') > 0 OR INSTR(v_path || '/', '/./') > 0 OR INSTR(v_path || '/', '/../') > 0;
  END is_disguised;

  FUNCTION is_unmanaged(p_schema IN VARCHAR2, p_path IN VARCHAR2) RETURN BOOLEAN IS
    v_count PLS_INTEGER;
  BEGIN
    SELECT COUNT(*) INTO v_count FROM unmanaged_path
    WHERE schema_name = p_schema AND (p_path = path OR SUBSTR(p_path, 1, LENGTH(path) + 1) = path || '/');
    RETURN v_count > 0;
  END is_unmanaged;

  -- Finds the route that ORDS runs for a path: of several patterns that match the one with the fewest variables.
  FUNCTION find_route(p_schema IN VARCHAR2, p_method IN VARCHAR2, p_path IN VARCHAR2, p_route OUT t_route)
    RETURN BOOLEAN
  IS
    CURSOR c_route IS
      SELECT a.owner, a.label, a.require_binding, a.subject_claim, a.groups_claim,
             r.name, r.auth, r.route_key, r.link_key
      FROM api a JOIN route r ON r.owner = a.owner
      WHERE a.schema_name = p_schema AND r.method = p_method AND REGEXP_LIKE(p_path, r.path_regexp)
      ORDER BY r.variables, r.path_regexp;
    v_found BOOLEAN;
  BEGIN
    OPEN c_route;
    FETCH c_route INTO p_route;
    v_found := c_route%FOUND;
    CLOSE c_route;
    RETURN v_found;
  END find_route;

  -- The caller --------------------------------------------------------------------------------------------------------

  PROCEDURE add_name(p_names IN OUT NOCOPY t_names, p_name IN VARCHAR2) IS
  BEGIN
    IF p_name IS NOT NULL AND LENGTHB(p_name) <= 400 THEN
      p_names(p_name) := TRUE;
    END IF;
  END add_name;

  -- Adds the words of a text, which one blank divides: scope claims.
  PROCEDURE add_words(p_names IN OUT NOCOPY t_names, p_text IN VARCHAR2) IS
    v_rest VARCHAR2(32767) := p_text;
    v_end  PLS_INTEGER;
  BEGIN
    WHILE v_rest IS NOT NULL LOOP
      v_end := INSTR(v_rest || ' ', ' ');
      add_name(p_names, SUBSTR(v_rest, 1, v_end - 1));
      v_rest := SUBSTR(v_rest, v_end + 1);
    END LOOP;
  END add_words;

  -- Finds the object that holds a claim, and its name there: a claim at the top of the token is called by its name, one
  -- inside others by a JSON pointer, such as /realm_access/roles. Without such objects there is none.
  PROCEDURE locate(
    p_claims IN  JSON_OBJECT_T,
    p_claim  IN  VARCHAR2,
    p_object OUT JSON_OBJECT_T,
    p_name   OUT VARCHAR2
  ) IS
    v_rest    VARCHAR2(400);
    v_end     PLS_INTEGER;
    v_element JSON_ELEMENT_T;
  BEGIN
    p_object := p_claims;
    p_name := p_claim;
    IF SUBSTR(p_claim, 1, 1) <> '/' THEN
      RETURN;
    END IF;
    v_rest := SUBSTR(p_claim, 2);
    LOOP
      v_end := INSTR(v_rest || '/', '/');
      p_name := REPLACE(REPLACE(SUBSTR(v_rest, 1, v_end - 1), '~1', '/'), '~0', '~');
      v_rest := SUBSTR(v_rest, v_end + 1);
      EXIT WHEN v_rest IS NULL;
      v_element := p_object.get(p_name);
      IF v_element IS NULL OR NOT v_element.is_object THEN
        p_object := NULL;
        RETURN;
      END IF;
      p_object := p_object.get_object(p_name);
    END LOOP;
  END locate;

  -- Returns a claim that is a text, NULL for any other.
  FUNCTION text_of(p_claims IN JSON_OBJECT_T, p_claim IN VARCHAR2) RETURN VARCHAR2 IS
    v_object  JSON_OBJECT_T;
    v_name    VARCHAR2(400);
    v_element JSON_ELEMENT_T;
  BEGIN
    locate(p_claims, p_claim, v_object, v_name);
    IF v_object IS NULL THEN
      RETURN NULL;
    END IF;
    v_element := v_object.get(v_name);
    IF v_element IS NULL OR NOT v_element.is_string THEN
      RETURN NULL;
    END IF;
    RETURN v_object.get_string(v_name);
  END text_of;

  -- Adds a claim that is a text or an array of texts. A text of a groups claim is one group, blanks and all.
  PROCEDURE add_claim(
    p_names  IN OUT NOCOPY t_names,
    p_claims IN JSON_OBJECT_T,
    p_claim  IN VARCHAR2,
    p_words  IN BOOLEAN
  ) IS
    v_object  JSON_OBJECT_T;
    v_name    VARCHAR2(400);
    v_element JSON_ELEMENT_T;
    v_array   JSON_ARRAY_T;
  BEGIN
    locate(p_claims, p_claim, v_object, v_name);
    IF v_object IS NULL THEN
      RETURN;
    END IF;
    v_element := v_object.get(v_name);
    IF v_element IS NULL THEN
      RETURN;
    END IF;
    IF v_element.is_string THEN
      IF p_words THEN
        add_words(p_names, v_object.get_string(v_name));
      ELSE
        add_name(p_names, v_object.get_string(v_name));
      END IF;
    ELSIF v_element.is_array THEN
      v_array := v_object.get_array(v_name);
      FOR i IN 0 .. v_array.get_size - 1 LOOP
        IF v_array.get(i).is_string THEN
          add_name(p_names, v_array.get_string(i));
        END IF;
      END LOOP;
    END IF;
  END add_claim;

  -- Says whether the token says that a claim is not in it but elsewhere: too many groups (Entra), distributed claims.
  FUNCTION is_elsewhere(p_claims IN JSON_OBJECT_T, p_claim IN VARCHAR2) RETURN BOOLEAN IS
    v_element JSON_ELEMENT_T;
  BEGIN
    IF p_claims.has(p_claim) THEN
      RETURN FALSE;
    END IF;
    v_element := p_claims.get('hasgroups');
    IF p_claim = 'groups' AND v_element IS NOT NULL AND v_element.is_true THEN
      RETURN TRUE;
    END IF;
    v_element := p_claims.get('_claim_names');
    IF v_element IS NULL OR NOT v_element.is_object THEN
      RETURN FALSE;
    END IF;
    RETURN p_claims.get_object('_claim_names').has(p_claim);
  END is_elsewhere;

  -- Returns the payload of the bearer token; ORDS has verified the signature before it called the guard.
  FUNCTION payload(p_authorization IN VARCHAR2) RETURN JSON_OBJECT_T IS
    v_start PLS_INTEGER;
    v_end   PLS_INTEGER;
    v_text  VARCHAR2(32767);
  BEGIN
    v_start := INSTR(p_authorization, '.');
    v_end := INSTR(p_authorization, '.', 1, 2);
    IF p_authorization IS NULL OR UPPER(SUBSTR(p_authorization, 1, 7)) <> 'BEARER ' OR v_start = 0 OR v_end = 0
       OR INSTR(p_authorization, '.', 1, 3) > 0
    THEN
      refuse('NoToken');
    END IF;
    v_text := TRANSLATE(SUBSTR(p_authorization, v_start + 1, v_end - v_start - 1), '-_', '+/');
    WHILE MOD(LENGTH(v_text), 4) <> 0 LOOP
      v_text := v_text || '=';
    END LOOP;
    RETURN JSON_OBJECT_T.parse(UTL_RAW.cast_to_varchar2(UTL_ENCODE.base64_decode(UTL_RAW.cast_to_raw(v_text))));
  END payload;

  PROCEDURE read_token(p_route IN t_route, p_caller IN OUT NOCOPY t_caller) IS
    v_claims JSON_OBJECT_T;
    v_ident  VARCHAR2(4000);
  BEGIN
    v_claims := payload(header('Authorization'));
    v_ident := variable('REMOTE_IDENT', TRUE);
    IF v_claims.get_string('sub') IS NULL OR v_ident IS NULL OR v_claims.get_string('sub') <> v_ident THEN
      refuse('OtherSubject');
    END IF;
    p_caller.subject := SUBSTRB(text_of(v_claims, p_route.subject_claim), 1, 400);
    add_name(p_caller.users, text_of(v_claims, p_route.subject_claim));
    add_claim(p_caller.groups, v_claims, p_route.groups_claim, FALSE);
    add_claim(p_caller.scopes, v_claims, 'scope', TRUE);
    add_claim(p_caller.scopes, v_claims, 'scp', TRUE);
    p_caller.overage := is_elsewhere(v_claims, p_route.groups_claim);
  END read_token;

  -- Says whether a key is one of the API's. Hashes are compared: how long that takes tells nothing of the key.
  FUNCTION is_gateway_key(p_owner IN VARCHAR2, p_key IN VARCHAR2) RETURN BOOLEAN IS
    v_count PLS_INTEGER;
  BEGIN
    SELECT COUNT(*) INTO v_count FROM gateway_key
    WHERE owner = p_owner AND key_hash = RAWTOHEX(STANDARD_HASH(p_key, 'SHA256'))
      AND (not_after IS NULL OR not_after > SYSTIMESTAMP);
    RETURN v_count > 0;
  END is_gateway_key;

  -- Reads the header that the gateway sets: the key, the caller's ARN, the route key; one blank between them.
  PROCEDURE read_signature(p_route IN t_route, p_caller IN OUT NOCOPY t_caller) IS
    v_header VARCHAR2(4000);
    v_first  PLS_INTEGER;
    v_second PLS_INTEGER;
    v_arn    VARCHAR2(2048);
    v_key    VARCHAR2(1100);
  BEGIN
    v_header := header('X-OracleApi-Caller');
    v_first := INSTR(v_header, ' ');
    v_second := INSTR(v_header, ' ', 1, 2);
    IF v_header IS NULL OR v_first = 0 OR v_second = 0
       OR NOT is_gateway_key(p_route.owner, SUBSTR(v_header, 1, v_first - 1))
    THEN
      refuse('NotFromGateway');
    END IF;
    v_arn := SUBSTR(v_header, v_first + 1, v_second - v_first - 1);
    v_key := SUBSTR(v_header, v_second + 1);
    IF TRIM(v_key) IS NULL OR (v_key <> NVL(p_route.route_key, ' ') AND v_key <> NVL(p_route.link_key, ' ')) THEN
      refuse('OtherRoute');
    END IF;
    p_caller.subject := SUBSTRB(v_arn, 1, 400);
    IF REGEXP_LIKE(v_arn, '^arn:[^:]+:sts::[0-9]{12}:assumed-role/[^/]+/.+$') THEN
      add_name(p_caller.roles, REGEXP_REPLACE(v_arn, '^arn:[^:]+:sts::([0-9]{12}):assumed-role/([^/]+)/.+$', '\1/\2'));
    ELSIF v_arn IS NOT NULL THEN
      add_name(p_caller.users, v_arn);
    END IF;
  END read_signature;

  -- The decision ------------------------------------------------------------------------------------------------------

  FUNCTION is_meant(p_route IN t_route, p_caller IN t_caller, p_kind IN VARCHAR2, p_subject IN VARCHAR2) RETURN BOOLEAN
  IS
  BEGIN
    RETURN CASE
      WHEN p_kind = 'Anonymous' THEN p_route.auth = 'Public'
      WHEN p_kind = 'User' THEN p_route.auth = 'JWT' AND p_caller.users.EXISTS(p_subject)
      WHEN p_kind = 'Group' THEN p_route.auth = 'JWT' AND p_caller.groups.EXISTS(p_subject)
      WHEN p_kind = 'Scope' THEN p_route.auth = 'JWT' AND p_caller.scopes.EXISTS(p_subject)
      WHEN p_kind = 'IamUser' THEN p_route.auth = 'IAM' AND p_caller.users.EXISTS(p_subject)
      WHEN p_kind = 'IamRole' THEN p_route.auth = 'IAM' AND p_caller.roles.EXISTS(p_subject)
      ELSE FALSE
    END;
  END is_meant;

  -- Collects the roles of every binding that means the caller and has not ended; says whether there was one.
  FUNCTION collect_roles(
    p_schema     IN  VARCHAR2,
    p_request_id IN  VARCHAR2,
    p_route      IN  t_route,
    p_caller     IN  t_caller,
    p_roles      OUT VARCHAR2
  ) RETURN BOOLEAN IS
    v_bound BOOLEAN := FALSE;
    v_taken t_names;
  BEGIN
    FOR b IN (
      SELECT b.subject_kind, b.subject, b.role_name,
             (SELECT COUNT(*) FROM sys.dba_role_privs p WHERE p.grantee = p_schema AND p.granted_role = b.role_name) held
      FROM binding b
      WHERE b.owner = p_route.owner AND b.route IN (p_route.name, '*')
        AND (b.not_after IS NULL OR b.not_after > SYSTIMESTAMP)
      ORDER BY b.role_name
    ) LOOP
      IF is_meant(p_route, p_caller, b.subject_kind, b.subject) THEN
        v_bound := TRUE;
        IF b.held = 0 THEN
          note_fault(p_schema, p_request_id, p_route.label || ' ' || p_route.name, 'RoleNotGranted', b.role_name);
        ELSIF NOT v_taken.EXISTS(b.role_name) THEN
          v_taken(b.role_name) := TRUE;
          p_roles := CASE WHEN p_roles IS NULL THEN NULL ELSE p_roles || ',' END || '"' || b.role_name || '"';
        END IF;
      END IF;
    END LOOP;
    RETURN v_bound;
  END collect_roles;

  PROCEDURE decide(
    p_schema     IN  VARCHAR2,
    p_refusal    OUT VARCHAR2,
    p_roles      OUT VARCHAR2,
    p_set_roles  OUT BOOLEAN,
    p_identifier OUT VARCHAR2,
    p_module     OUT VARCHAR2,
    p_action     OUT VARCHAR2,
    p_subject    OUT VARCHAR2,
    p_request_id OUT VARCHAR2
  ) IS
    v_schema managed_schema%ROWTYPE;
    v_method VARCHAR2(64);
    v_path   VARCHAR2(4000);
    v_route  t_route;
    v_caller t_caller;
    v_bound  BOOLEAN;
  BEGIN
    p_refusal := 'Undecided';
    SELECT * INTO v_schema FROM managed_schema WHERE schema_name = p_schema;
    p_set_roles := v_schema.role_mode = 'SetRole';
    p_request_id := SUBSTRB(header(v_schema.trace_header), 1, 128);
    v_method := variable('REQUEST_METHOD', TRUE);
    v_path := variable('SCRIPT_NAME', TRUE) || variable('PATH_INFO', FALSE);
    IF is_disguised(v_path) THEN
      refuse('RouteUnknown');
    END IF;
    IF NOT find_route(p_schema, v_method, v_path, v_route) THEN
      IF NOT is_unmanaged(p_schema, v_path) THEN
        refuse('RouteUnknown');
      END IF;
      p_refusal := NULL;
      RETURN;
    END IF;
    p_module := SUBSTRB(v_route.label, 1, 48);
    p_action := SUBSTRB(v_route.name, 1, 32);
    IF v_route.auth = 'JWT' THEN
      read_token(v_route, v_caller);
    ELSIF v_route.auth = 'IAM' THEN
      read_signature(v_route, v_caller);
    ELSIF v_route.auth = 'Closed' THEN
      refuse('Closed');
    END IF;
    p_subject := NVL(v_caller.subject, 'Anonymous');
    p_identifier := SUBSTRB(p_request_id || '|' || p_subject, 1, 64);
    v_bound := collect_roles(p_schema, p_request_id, v_route, v_caller, p_roles);
    IF NOT v_bound AND v_route.auth IN ('JWT', 'IAM') AND v_route.require_binding = 1 THEN
      refuse(CASE WHEN v_caller.overage THEN 'GroupsOverage' ELSE 'NoBinding' END);
    END IF;
    p_refusal := NULL;
  EXCEPTION
    WHEN e_refused THEN
      p_refusal := SUBSTRB(SQLERRM, 12, 64);
      p_roles := NULL;
  END decide;
END decision_v1;
/
