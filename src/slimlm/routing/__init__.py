"""Room 5: device or cloud. Everything runs on the device today; a routed engine will stand here."""
