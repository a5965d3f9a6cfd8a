//! Values by their keys, in the order of those.

use std::borrow::Borrow;

/// A map whose entries are sorted by their keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Map<K, V>(Vec<(K, V)>);

impl<K, V> Map<K, V> {
    /// An empty one.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Removes all entries.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The entries, in the order of their keys.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&K, &V)> {
        self.0.iter().map(|(key, value)| (key, value))
    }

    /// The keys, in their order.
    pub fn keys(&self) -> impl Iterator<Item = &K> {
        self.0.iter().map(|(key, _)| key)
    }

    /// The values, in the order of their keys.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.0.iter().map(|(_, value)| value)
    }

    /// The values to be changed, in the order of their keys.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.0.iter_mut().map(|(_, value)| value)
    }

    /// The values alone, in the order of their keys.
    pub fn into_values(self) -> impl Iterator<Item = V> {
        self.0.into_iter().map(|(_, value)| value)
    }

    /// Keeps the entries of which that is said.
    pub fn retain(&mut self, mut keeps: impl FnMut(&K, &mut V) -> bool) {
        self.0.retain_mut(|(key, value)| keeps(key, value));
    }
}

impl<K: Ord, V> Map<K, V> {
    /// The value of a key.
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        let found = self.place(key).ok();
        found.map(|index| &self.0[index].1)
    }

    /// The value of a key, to be changed.
    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        let found = self.place(key).ok();
        found.map(|index| &mut self.0[index].1)
    }

    /// Whether there is a value of this key.
    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.place(key).is_ok()
    }

    /// Gives a key a value; answers the one that it had.
    #[inline(never)]
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.place(&key) {
            Ok(index) => Some(std::mem::replace(&mut self.0[index].1, value)),
            Err(index) => {
                self.0.insert(index, (key, value));
                None
            }
        }
    }

    /// The value of a key, which is made if there is none.
    #[inline(never)]
    pub fn get_or_default(&mut self, key: K) -> &mut V
    where
        V: Default,
    {
        let index = self.place(&key).unwrap_or_else(|index| {
            self.0.insert(index, (key, V::default()));
            index
        });
        &mut self.0[index].1
    }

    /// Removes an entry; answers its value.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let found = self.place(key).ok();
        found.map(|index| self.0.remove(index).1)
    }

    /// The first entry whose key is this one or a later one.
    pub fn first_from(&self, key: &K) -> Option<(&K, &V)> {
        let index = self.place(key).unwrap_or_else(|index| index);
        self.0.get(index).map(|(key, value)| (key, value))
    }

    /// Removes the entries from this key on; answers them.
    pub fn split_off(&mut self, key: &K) -> Self {
        let index = self.place(key).unwrap_or_else(|index| index);
        Self(self.0.split_off(index))
    }

    /// Where a key is, or would be.
    fn place<Q: Ord + ?Sized>(&self, key: &Q) -> Result<usize, usize>
    where
        K: Borrow<Q>,
    {
        self.0.binary_search_by(|(it, _)| it.borrow().cmp(key))
    }
}

impl<K, V> Default for Map<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for Map<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map = Self::new();
        for (key, value) in entries {
            map.insert(key, value);
        }
        map
    }
}

impl<K: Ord, V, const N: usize> From<[(K, V); N]> for Map<K, V> {
    fn from(entries: [(K, V); N]) -> Self {
        entries.into_iter().collect()
    }
}

impl<K, V> IntoIterator for Map<K, V> {
    type Item = (K, V);
    type IntoIter = std::vec::IntoIter<(K, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::Map;

    /// xorshift: numbers enough for keys that meet.
    fn numbers() -> impl Iterator<Item = u32> {
        std::iter::successors(Some(2_463_534_242_u32), |&last| {
            let next = last ^ (last << 13);
            let next = next ^ (next >> 17);
            Some(next ^ (next << 5))
        })
    }

    fn equal(map: &Map<u32, u32>, model: &BTreeMap<u32, u32>) {
        assert!(map.iter().eq(model.iter()));
        assert!(map.keys().eq(model.keys()) && map.values().eq(model.values()));
        assert_eq!(map.len(), model.len());
        assert_eq!(map.is_empty(), model.is_empty());
    }

    #[test]
    fn does_what_a_tree_does() {
        let (mut map, mut model) = (Map::new(), BTreeMap::new());
        for number in numbers().take(20_000) {
            let (key, value) = (number >> 3 & 0x3f, number);
            match number & 7 {
                0..=2 => assert_eq!(map.insert(key, value), model.insert(key, value)),
                3 | 4 => assert_eq!(map.remove(&key), model.remove(&key)),
                5 => *map.get_or_default(key) += 1,
                6 => map.values_mut().for_each(|it| *it /= 2),
                _ => map.retain(|it, _| it % 16 != key % 16),
            }
            match number & 7 {
                5 => *model.entry(key).or_default() += 1,
                6 => model.values_mut().for_each(|it| *it /= 2),
                7 => model.retain(|it, _| it % 16 != key % 16),
                _ => {}
            }
            assert_eq!(map.get(&key), model.get(&key));
            assert_eq!(map.get_mut(&key), model.get_mut(&key));
            assert_eq!(map.contains_key(&key), model.contains_key(&key));
            assert_eq!(map.first_from(&key), model.range(key..).next());
            equal(&map, &model);
        }
    }

    #[test]
    fn is_cut_at_a_key() {
        let entries: Vec<_> = numbers().take(99).map(|it| (it & 0xff, it)).collect();
        for key in 0..=256 {
            let mut map: Map<_, _> = entries.iter().copied().collect();
            let mut model: BTreeMap<_, _> = entries.iter().copied().collect();
            equal(&map.split_off(&key), &model.split_off(&key));
            equal(&map, &model);
            assert!(map.into_values().eq(model.into_values()));
        }
    }

    #[test]
    fn is_asked_for_text_by_text() {
        let mut map = Map::from([
            ("b".to_owned(), 2),
            ("a".to_owned(), 1),
            ("b".to_owned(), 3),
        ]);
        assert_eq!(map.get("b"), Some(&3));
        assert_eq!(map.remove("a"), Some(1));
        map.clear();
        assert_eq!(map, Map::default());
    }
}
