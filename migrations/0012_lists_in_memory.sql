-- Lists of meters are searched, filtered and sorted in memory (store/meter_list.hpp): what did it here only cost
-- at every flush.

DROP VIEW meter_list;

DROP INDEX service_point_place;

DROP INDEX meter_view_arrears;

DROP INDEX meter_view_lost;

DROP INDEX relay_state_position;

DROP INDEX meter_address;

DROP INDEX agreement_account;
