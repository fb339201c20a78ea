//! How many connections there are, in all and from one address.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::door::network;

/// Everybody who is connected.
#[derive(Debug)]
pub(super) struct Crowd {
    places: Arc<Semaphore>,
    from: Mutex<HashMap<IpAddr, usize>>,
    most_from_one: usize,
}

/// A place, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    crowd: Arc<Crowd>,
    network: Option<IpAddr>,
    _permit: OwnedSemaphorePermit,
}

impl Crowd {
    pub(super) fn new(most: usize, most_from_one: usize) -> Arc<Self> {
        let places = Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS)));
        Arc::new(Self { places, from: Mutex::default(), most_from_one })
    }

    /// Waits for a place: who calls meanwhile waits in the system's queue.
    pub(super) async fn room(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.places).acquire_owned().await.ok()
    }

    /// Takes it, unless this address has too many. One that is not `counted` (this machine, a proxy) may have all.
    pub(super) fn enter(
        self: &Arc<Self>,
        address: IpAddr,
        counted: bool,
        permit: OwnedSemaphorePermit,
    ) -> Option<Place> {
        let network = counted.then(|| network(address));
        if let Some(network) = network {
            let mut from = self.from();
            let here = from.entry(network).or_default();
            if *here >= self.most_from_one {
                return None;
            }
            *here += 1;
        }
        Some(Place { crowd: Arc::clone(self), network, _permit: permit })
    }

    fn from(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.from.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(network) = self.network else { return };
        let mut from = self.crowd.from();
        if let Some(here) = from.get_mut(&network) {
            *here -= 1;
            if *here == 0 {
                from.remove(&network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_address_has_so_many_places_and_who_leaves_makes_room() {
        let crowd = Crowd::new(4, 2);
        let enter = async |address: &str, counted| {
            crowd.enter(address.parse().unwrap(), counted, crowd.room().await.unwrap())
        };
        let first = enter("2001:db8::1", true).await.unwrap();
        let second = enter("2001:db8::2", true).await.unwrap();
        assert!(enter("2001:db8::3", true).await.is_none(), "all of one network");
        let other = enter("192.0.2.1", true).await.unwrap();
        drop(first);
        let again = enter("2001:db8::3", true).await.unwrap();
        let uncounted = enter("127.0.0.1", false).await.unwrap();
        assert_eq!(crowd.places.available_permits(), 0);
        drop((second, other, again, uncounted));
        assert!(crowd.from().is_empty());
        assert_eq!(crowd.places.available_permits(), 4);
    }
}
