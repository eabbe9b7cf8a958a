using System.Collections.Concurrent;
using Cameo.Generator.Graphs;
using Cameo.Generator.Memory;

namespace Cameo.Generator.Packing;

/// <summary>
/// Computes chunks of a weight file on the thread pool and writes them in order. Chunks end at multiples of their size in the file, whatever tensors they hold: whole pages
/// are cheaper to write, and a chunk of many small tensors costs no more hand-overs than one of a large one.
/// </summary>
internal sealed unsafe class WeightFileWriter : IDisposable
{
    private const int LargestElementBytes = 16;

    private readonly Stream _file;
    private readonly WeightRecipe _recipe;
    private readonly int _chunkBytes;
    private readonly Action? _check;
    private readonly Action<long>? _report;
    private readonly CancellationToken _cancellationToken;
    private readonly WeightChecksum _checksum = new();

    // A chunk's buffer is free again once it is written; who waits for a free buffer waits for the writing, which bounds the memory.
    private readonly BlockingCollection<byte[]> _freeBuffers = [];
    private readonly BlockingCollection<Task<Computed>> _chunks = [];
    private readonly Task _writing;
    private readonly object _progress = new();
    private WeightChunk _filling;
    private long _submitted;
    private long _written;

    /// <summary>Makes a writer.</summary>
    /// <param name="file">Where the weights go; it can seek.</param>
    /// <param name="recipe">What they are.</param>
    /// <param name="threads">Threads that compute chunks.</param>
    /// <param name="chunkBytes">Bytes of a chunk.</param>
    /// <param name="check">Called before a chunk is computed; null for nothing.</param>
    /// <param name="report">Told after each chunk how many bytes are written; null for nobody.</param>
    /// <param name="cancellationToken">Ends all waiting.</param>
    public WeightFileWriter(Stream file, WeightRecipe recipe, int threads, int chunkBytes, Action? check, Action<long>? report, CancellationToken cancellationToken)
    {
        _file = file;
        _recipe = recipe;
        _chunkBytes = chunkBytes;
        _check = check;
        _report = report;
        _cancellationToken = cancellationToken;

        // One being written, and for each worker one in work and one finished.
        for (int index = 0; index < (2 * threads) + 1; index++)
        {
            _freeBuffers.Add(new byte[chunkBytes], CancellationToken.None);
        }

        _filling = new WeightChunk(chunkBytes - WeightFileFormat.HeaderBytes);
        _file.SetLength(WeightFileFormat.HeaderBytes + recipe.PayloadBytes);
        _file.Position = WeightFileFormat.HeaderBytes;
        _writing = Task.Factory.StartNew(Write, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>Appends all elements of a reader. They are computed later: the reader must work until they are written.</summary>
    public void Add(ElementReader reader)
    {
        for (long first = 0; first < reader.Count;)
        {
            if (_filling.Room < reader.ElementBytes)
            {
                Submit();
            }

            long elements = Math.Min(_filling.Room / reader.ElementBytes, reader.Count - first);
            _filling.Add(reader, first, elements);
            first += elements;
        }
    }

    /// <summary>Appends zero bytes.</summary>
    public void AddZeros(long bytes)
    {
        while (bytes > 0)
        {
            if (_filling.Room == 0)
            {
                Submit();
            }

            int count = (int)Math.Min(bytes, _filling.Room);
            _filling.AddZeros(count);
            bytes -= count;
        }
    }

    /// <summary>Bytes added so far.</summary>
    public long AddedBytes => _submitted + _filling.Bytes;

    /// <summary>Waits until so many of the bytes added are written.</summary>
    public void WaitFor(long bytes)
    {
        if (bytes > _submitted)
        {
            Submit();
        }

        lock (_progress)
        {
            while (_written < bytes)
            {
                _cancellationToken.ThrowIfCancellationRequested();
                if (_writing.IsCompleted)
                {
                    // It ends early by an exception only.
                    _writing.GetAwaiter().GetResult();
                    return;
                }

                Monitor.Wait(_progress, millisecondsTimeout: 100);
            }
        }
    }

    /// <summary>Waits for the last chunk and writes the header.</summary>
    public void Finish()
    {
        Submit();
        _chunks.CompleteAdding();
        _writing.GetAwaiter().GetResult();
        byte[] header = WeightFileFormat.WriteHeader(_recipe.Identity, _recipe.PayloadBytes, _checksum.Finish());
        _file.Position = 0;
        _file.Write(header, 0, header.Length);
        _file.Flush();
    }

    /// <summary>Waits for all workers, whether they succeed or not: until then they may use a reader's memory.</summary>
    public void Stop()
    {
        _chunks.CompleteAdding();
        ((IAsyncResult)_writing).AsyncWaitHandle.WaitOne();
        foreach (Task<Computed> chunk in _chunks)
        {
            ((IAsyncResult)chunk).AsyncWaitHandle.WaitOne();
        }
    }

    public void Dispose()
    {
        Stop();
        _freeBuffers.Dispose();
        _chunks.Dispose();
    }

    private byte[] TakeBuffer()
    {
        // After a failure nothing is written any more and no buffer becomes free.
        while (true)
        {
            _cancellationToken.ThrowIfCancellationRequested();
            if (_writing.IsFaulted)
            {
                _writing.GetAwaiter().GetResult();
            }

            if (_freeBuffers.TryTake(out byte[]? buffer, millisecondsTimeout: 100))
            {
                return buffer;
            }
        }
    }

    /// <summary>Has the chunk that was filled so far computed, and begins the next one.</summary>
    private void Submit()
    {
        WeightChunk chunk = _filling;
        byte[] buffer = TakeBuffer();
        _submitted += chunk.Bytes;

        // A chunk that had to go early leaves the next one less room; what has no room for an element is left to the next one but one.
        long position = WeightFileFormat.HeaderBytes + _submitted;
        int room = _chunkBytes - (int)(position % _chunkBytes);
        _filling = new WeightChunk(room < LargestElementBytes ? _chunkBytes : room);
        _chunks.Add(Task.Run(() => Compute(chunk, buffer), CancellationToken.None), CancellationToken.None);
    }

    private Computed Compute(WeightChunk chunk, byte[] buffer)
    {
        _check?.Invoke();
        fixed (byte* pointer = buffer)
        {
            chunk.Compute(pointer);
        }

        return new Computed(buffer, chunk.Bytes);
    }

    private void Write()
    {
        foreach (Task<Computed> task in _chunks.GetConsumingEnumerable())
        {
            Computed chunk = task.GetAwaiter().GetResult();
            _checksum.Append(chunk.Buffer, 0, chunk.Bytes);
            _file.Write(chunk.Buffer, 0, chunk.Bytes);
            lock (_progress)
            {
                _written += chunk.Bytes;
                Monitor.Pulse(_progress);
            }

            _report?.Invoke(_written);
            _freeBuffers.Add(chunk.Buffer, CancellationToken.None);
        }
    }

    private readonly record struct Computed(byte[] Buffer, int Bytes);
}
